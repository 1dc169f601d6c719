CREATE OR REPLACE FUNCTION set_updated_at()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- Every node has a clock of its own, and the copies of a row have to stay alike: the time of the whole transaction, where there is one.
    NEW.updated_at := (
        SELECT CASE transaction_number WHEN 0 THEN now() ELSE transaction_stamp END FROM get_current_transaction_id()
    );
    RETURN NEW;
END
$function$
