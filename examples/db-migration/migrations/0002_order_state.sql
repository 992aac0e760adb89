-- Orders so far were shipped by hand the day they came in.
alter table orders add column state text not null default 'shipped'
  check (state in ('new', 'paid', 'shipped', 'returned'));
create index orders_state on orders (state) where state <> 'shipped';
