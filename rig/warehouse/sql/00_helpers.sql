-- Helpers of the loading session. Nothing here is random: the same size gives
-- the same bytes on every server.
SET timezone = 'UTC';
SET synchronous_commit = off;
SET work_mem = '64MB';
SET maintenance_work_mem = '256MB';
SET client_min_messages = warning;
SET search_path = public;

-- size reads what Generate has set.
CREATE FUNCTION pg_temp.size(what text) RETURNS int LANGUAGE sql STABLE AS
$$SELECT current_setting('rig.' || what)::int$$;

-- mix scatters n over 0 .. below-1.
CREATE FUNCTION pg_temp.mix(n bigint, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$SELECT ((n * 2654435761 + 40503) % 4294967291) % below$$;

-- moment spreads n over about three years.
CREATE FUNCTION pg_temp.moment(n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$SELECT timestamptz '2023-01-01 00:00:00+00' + ((n * 104729) % 94608000) * interval '1 second' + (n % 1000) * interval '1 microsecond'$$;

CREATE TEMP TABLE word (id int PRIMARY KEY, word text NOT NULL);
INSERT INTO word
SELECT o - 1, w FROM unnest(string_to_array(
  'order,delivery,invoice,Straße,customer,return,stock,naïve,price,discount,北京,supplier,transport,warehouse,pallet,café,label,region,Ελλάδα,account,'
  'credit,balance,contract,señor,term,claim,project,phase,Москва,budget,resource,vehicle,driver,route,depot,smörgåsbord,shift,quality,defect,repair,'
  'sensor,reading,alarm,network,node,payload,retry,timeout,日本,session,user,page,click,cart,coupon,campaign,audience,segment,😀,report', ',')) WITH ORDINALITY u(w, o);

-- sentence holds 500 texts of 6 to 25 words; bulk rows pick one by number.
CREATE TEMP TABLE sentence (id int PRIMARY KEY, body text NOT NULL);
INSERT INTO sentence
SELECT n, (SELECT string_agg(w.word, ' ' ORDER BY k)
             FROM generate_series(1, 6 + n % 20) k
             JOIN word w ON w.id = pg_temp.mix(n * 31 + k, 60))
  FROM generate_series(0, 499) n;
ANALYZE word, sentence;
