-- What is wrong in the old databases, one of each kind. The test looks every
-- one of them up in the ledger by step, key, field and value.
-- These two are only warnings: the records are loaded.
update chinook.customer set email = 'astrid.gruber(at)apple.at' where customer_id = 7;                    -- a bad e-mail: warn
update chinook.invoice set total = total + 1 where invoice_id = 20;                                       -- does not add up: warn
-- a country that no lookup knows; the customer's invoices wait with it
update chinook.customer set country = 'Bohemia' where customer_id = 5;
-- a text that is too long for the new column
insert into chinook.customer (customer_id, first_name, last_name, company, country, email)
values (60, 'Lang', 'Name', repeat('Very Long ', 7) || 'Company', 'Germany', 'lang@example.org');
-- an e-mail twice, which the target refuses
insert into chinook.customer (customer_id, first_name, last_name, country, email)
values (61, 'Second', 'Reader', 'Germany', 'LeoneKohler@surfeu.de');
-- no name at all, and a key of another form
insert into northwind.customers (customer_id, company_name, country) values ('NONAM', '  ', 'Spain');
insert into northwind.customers (customer_id, company_name, country) values ('X1', 'Cross One', 'Spain');
-- two dates that have changed places
insert into northwind.employees (employee_id, last_name, first_name, birth_date, hire_date, country) values (10, 'Swapped', 'Sally', '1994-05-03', '1964-01-12', 'UK');
-- a price below nothing, and a flag that is neither yes nor no
insert into northwind.products (product_id, product_name, unit_price, discontinued) values (78, 'Bottle Return', -0.25, 0), (79, 'Maybe Sold', 4.5, 7);
-- a line whose product is gone, since nothing keeps it any more
alter table northwind.order_details drop constraint fk_order_details_products;
update northwind.order_details set product_id = 999 where order_id = 10266;
-- shipped before it was ordered
update northwind.orders set shipped_date = order_date - 3 where order_id = 10300;
-- a title without a name, a kind that nobody knows, a series without seasons
update netflix.netflix_shows set title = '   ' where show_id = 's101';
update netflix.netflix_shows set type = 'Podcast' where show_id = 's102';
update netflix.netflix_shows set type = 'TV Show', duration = '0 Seasons' where show_id = 's103';
-- a day that does not exist, a field that is not there, a quantity in words, a price with too many digits
update staging.purchase_order set doc = jsonb_set(doc, '{Reference}', '"MSULLIVA-20140230"') where doc->>'PONumber' = '5';
update staging.purchase_order set doc = doc - 'Requestor' where doc->>'PONumber' = '9';
update staging.purchase_order set doc = jsonb_set(doc, '{LineItems,1,Quantity}', '"two"') where doc->>'PONumber' = '11';
update staging.purchase_order set doc = jsonb_set(doc, '{LineItems,0,Part,UnitPrice}', '19.9512') where doc->>'PONumber' = '14';
-- a magnitude that would have ended everything, and a place that is not on the globe
update staging.quake set doc = jsonb_set(doc, '{properties,mag}', '99.9') where id = 40;
update staging.quake set doc = jsonb_set(doc, '{geometry,coordinates,1}', '91.5') where id = 41;
