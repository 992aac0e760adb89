create table customers (
  id    integer primary key,
  email text not null unique
);
create table orders (
  id          integer primary key,
  customer_id integer not null references customers (id),
  cents       integer not null
);
