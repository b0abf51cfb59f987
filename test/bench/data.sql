-- Rows to embed: the same ones every time, texts of about :bytes bytes with what JSON must escape
-- and what is not ASCII. Ids are in another order than the rows, as random ones are.
create extension vector;

create table equipment_families (
  id uuid primary key,
  name text not null
);
insert into equipment_families values (:'family', 'Bench');

create table knowledge_chunks (
  id uuid primary key,
  family_id uuid not null references equipment_families,
  content text,
  embedding vector(:dims)
);

create table rows_to_embed as
with phrase (list) as (values (array[
  'the pump loses prime a few minutes after starting; ',
  'vent the casing, then "restart slowly" and listen; ',
  'Dichtung prüfen – Öl läuft über die Welle aus; ',
  E'pressure\t4.2 bar\ttemperature\t61 °C\n',
  'compare it with C:\service\log\2024 before you go on; ',
  'le joint d''étanchéité est usé, à remplacer; ',
  'a clogged suction strainer, because the basket was never washed; ',
  'ポンプの軸受が熱い; ',
  E'1. lock out\r\n2. depressurise\r\n3. open\n',
  'the coupling is misaligned by 0.3 mm, ½ of the limit; ',
  'насос вибрирует при пуске; '
]))
select md5(n::text)::uuid as id, :'family'::uuid as family_id,
  left(n || ': ' || repeat(
    list[1 + n % 11] || list[1 + n / 11 % 11] || list[1 + n / 121 % 11] || list[1 + n % 7]
      || list[1 + n / 7 % 11] || list[1 + n % 5] || list[1 + n % 3],
    1 + :bytes / 250), :bytes * 15 / 16) as content
from phrase, generate_series(1, :rows) as n;

vacuum analyze rows_to_embed;
