-- Whether this session can be worked with.
--
-- -> is_read_only boolean
select current_setting('transaction_read_only')::boolean as is_read_only;
