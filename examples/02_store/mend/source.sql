-- What was put right by hand, at the source: the proof reads and maps it again.
update staging.purchase_order set doc = jsonb_set(doc, '{Reference}', '"MSULLIVA-20140228"') where doc->>'PONumber' = '5';
update staging.purchase_order set doc = jsonb_set(doc, '{LineItems,1,Quantity}', '2') where doc->>'PONumber' = '11';
