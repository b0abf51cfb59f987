-- The tables embedctl works on by default, as small as they may be.
create extension if not exists vector;

create table equipment_families (
  id uuid primary key,
  name text not null
);

create table knowledge_chunks (
  id uuid primary key,
  family_id uuid not null references equipment_families,
  source text not null,
  content text,
  embedding vector(1536)
);
