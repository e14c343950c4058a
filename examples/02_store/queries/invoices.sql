-- One document per invoice: its lines travel with it.
select i.invoice_id, i.customer_id, i.invoice_date::date as day, i.billing_country, i.total,
  (select jsonb_agg(jsonb_build_object('track', l.track_id, 'price', l.unit_price, 'quantity', l.quantity) order by l.invoice_line_id)
   from chinook.invoice_line l where l.invoice_id = i.invoice_id) as lines
from chinook.invoice i
