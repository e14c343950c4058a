-- What each old database holds, as rows of text: Northwind's orders as assignments, dealt out to 25 databases.
create schema legacy;
create function legacy.db(order_id int) returns int language sql immutable as 'select (order_id - 10248) % 25 + 1';
create table legacy.orders as
  select o.order_id::int as id, legacy.db(o.order_id::int) as db, legacy.db(o.order_id::int) * 10 + o.ship_via::int as project_id, o.*,
    row_number() over (partition by legacy.db(o.order_id::int), o.ship_via order by o.order_id) as seq
  from northwind.orders o;
create view legacy.project as
  select distinct db, project_id, format('P%s-%s', to_char(db, 'FM00'), ship_via) as code, 'Routes of ' || company_name as name
  from legacy.orders join northwind.shippers on shipper_id = ship_via;
create view legacy.resource as
  select d.db, d.db * 100 + e.employee_id as resource_id, format('R%s-%s', to_char(d.db, 'FM00'), e.employee_id) as code,
    first_name || ' ' || last_name as name, (array['AMS', 'RTM', 'UTR', 'ZWO'])[e.employee_id % 4 + 1] as workstation
  from generate_series(1, 25) d(db), northwind.employees e where e.employee_id <= 4;
create view legacy.assignment as
  select db, id as assignment_id, project_id, seq, 'A-' || id as external_id, format('Deliver to %s, %s', ship_name, ship_city) as title, ship_name as short_title,
    case when shipped_date is null then 'O' when shipped_date > required_date then 'P' else 'D' end as status_code,
    to_char(order_date, 'YYYY-MM-DD 08:00') as date_from, to_char(required_date, 'YYYY-MM-DD 17:00') as date_to,
    db * 100 + (employee_id - 1) % 4 + 1 as resource_id, round(freight::numeric, 2) as costs, case when required_date - order_date < 20 then 'J' else 'N' end as urgent,
    ship_city as city, ship_postal_code as zip, case when ship_country in ('Sweden', 'Norway', 'Denmark', 'Finland', 'UK', 'Ireland') then 'north' else 'south' end as region
  from legacy.orders;
create view legacy.contact as
  select db, id * 10 + 1 as contact_id, id as assignment_id, contact_name as name, phone from legacy.orders join northwind.customers using (customer_id);
create view legacy.note as
  select db, id * 100 + n as note_id, id as assignment_id, text from (
    select o.db, o.id, format('%s x %s', d.quantity, p.product_name) as text, row_number() over (partition by o.id order by p.product_id) as n
    from legacy.orders o join northwind.order_details d on d.order_id = o.id join northwind.products p on p.product_id = d.product_id) x where n <= id % 3;
create view legacy.document as
  select db, id as document_id, id as assignment_id, format('order %s.txt', id) as name, format('%s/%s.txt', db, id) as path, 'text/plain' as mime from legacy.orders where id % 4 = 0;
create view legacy.planboard as
  select db, id as slot_id, id as assignment_id, to_char(coalesce(shipped_date, required_date), 'YYYY-MM-DD') as day, 0.5 + id % 8 as hours from legacy.orders;
