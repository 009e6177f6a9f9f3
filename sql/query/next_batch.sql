-- Between two batches of one transaction: makes room for the next. A delete would leave dead rows that every later step reads.
truncate incoming, standing;
