create table customer_totals (
  customer_id integer primary key references customers (id),
  cents       integer not null
);
insert into customer_totals
  select customer_id, sum(cents) from orders where state <> 'returned' group by customer_id;
