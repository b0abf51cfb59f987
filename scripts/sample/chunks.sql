-- About 2,000 chunks: each fault of faults.tsv (read from standard input) as four kinds of text
-- about ten models. Always the same ones, ids included.
create temporary table fault (
  number int generated always as identity,
  family text, part text, symptom text, cause text, test text, repair text, prevention text
);
\copy fault (family, part, symptom, cause, test, repair, prevention) from pstdin

insert into equipment_families values
  ('c0ffee00-0000-4000-8000-000000000001', 'Centrifugal pumps'),
  ('c0ffee00-0000-4000-8000-000000000002', 'Screw compressors');

with model (family, models) as (values
  ('pump', '{NP-25,NP-40,NP-65,NP-80,NP-125,HD-50,HD-100,VS-32,VS-80,CX-200}'::text[]),
  ('compressor', '{RS-7,RS-11,RS-15,RS-22,RS-37,RS-55,OF-30,OF-75,TK-18,TK-90}'::text[])
),
place (places) as (values ('{the boiler house,building 4,the cooling tower,the bottling hall,
  the paint shop,the tank farm,the power station,the dairy,the foundry,the water works}'::text[])
),
chunk as (
  select m, models[m] as model, trim(places[1 + (number * 7 + m * 3) % 10]) as place,
    400 + (number * 613 + m * 1777) % 19000 as hours, fault.*
  from fault join model using (family), place, generate_series(1, 10) as m
),
text (number, m, kind, family, content) as (
  select number, m, 1, family, case m % 3
    when 0 then format('Fault report, %s in %s: %s. Running hours: %s. Affected: %s.',
      model, place, symptom, hours, part)
    when 1 then format('The operator of the %s in %s reports that %s. It began after %s running hours. Suspected part: %s.',
      model, place, symptom, hours, part)
    else format('On the %s in %s, at %s running hours, %s. The shift supervisor asks for somebody to look at the %s.',
      model, place, hours, symptom, part) end
  from chunk
  union all
  select number, m, 2, family, case m % 2
    when 0 then format('Diagnosis for the %s: if %s, the likely cause is %s. To confirm it, %s.',
      model, symptom, cause, test)
    else format('%s, troubleshooting the %s. Symptom: %s. Cause: %s. How to tell: %s.',
      model, part, symptom, cause, test) end
  from chunk
  union all
  select number, m, 3, family, case m % 2
    when 0 then format('Repair instruction %s, %s: lock out and depressurise the unit first. To put right %s, %s. Allow %s minutes of test running.',
      model, part, cause, repair, 15 + hours % 6 * 5)
    else format('Service log of the %s in %s, %s running hours: found %s. Work done: %s. Handed back to the operator in good order.',
      model, place, hours, cause, repair) end
  from chunk
  union all
  select number, m, 4, family, format('Maintenance plan for the %s in %s, %s: %s. Otherwise expect %s; the first sign is that %s.',
    model, place, part, prevention, cause, symptom)
  from chunk
)
insert into knowledge_chunks (id, family_id, source, content)
select md5(format('%s/%s/%s', number, m, kind))::uuid, id,
  (array['fault report', 'diagnosis', 'repair', 'maintenance'])[kind], content
from text join equipment_families on (family = 'pump') = (name = 'Centrifugal pumps');

-- What real tables hold, too: chunks that somebody emptied, and chunks that were embedded before.
insert into knowledge_chunks (id, family_id, source, content)
select md5('blank ' || n)::uuid, id, 'note', repeat(' ', n % 3)
from equipment_families, generate_series(1, 4) as n where name = 'Centrifugal pumps';

insert into knowledge_chunks
select md5('note ' || n)::uuid, id, 'note', 'Embedded earlier: visitor note number ' || n,
  (select array_agg((k = n)::int)::real[] from generate_series(1, 1536) as k)::vector
from equipment_families, generate_series(1, 12) as n where name = 'Centrifugal pumps';
