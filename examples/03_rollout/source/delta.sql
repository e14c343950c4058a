update assignment set
  date_from = concat(substring(date_from, 9, 2), '.', substring(date_from, 6, 2), '.', substring(date_from, 1, 4), substring(date_from, 11)),
  date_to = concat(substring(date_to, 9, 2), '.', substring(date_to, 6, 2), '.', substring(date_to, 1, 4), substring(date_to, 11));
