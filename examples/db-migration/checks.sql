-- Each query finds what must not be. A row is a reason not to go live.
select 'order ' || id || ' costs less than nothing' from orders where cents < 0;

select 'the total of customer ' || t.customer_id || ' is off by ' || (t.cents - sum(o.cents))
from customer_totals t join orders o on o.customer_id = t.customer_id and o.state <> 'returned'
group by t.customer_id, t.cents having t.cents <> sum(o.cents);
