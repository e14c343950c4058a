update assignment set status_code = case status_code when 'O' then 'NY' when 'P' then 'PLAN' else 'KLAR' end;
