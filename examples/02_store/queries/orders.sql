select o.order_id, o.customer_id, o.order_date, o.shipped_date, o.ship_country,
  (select jsonb_agg(jsonb_build_object('product', d.product_id, 'price', d.unit_price, 'quantity', d.quantity, 'discount', d.discount)
     order by d.product_id)
   from northwind.order_details d where d.order_id = o.order_id) as lines
from northwind.orders o
