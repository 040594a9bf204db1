import test from 'ava';
import { clockOffWords } from '../../src/control/clock-words.ts';

test('the words say how far, and which way', (t) => {
  t.regex(clockOffWords('Hall', -86_399_100), /^The clock of Hall is 1 day behind that of this server: .*NTP/);
  t.regex(clockOffWords('Hall', 5400_000), /is 2 hours ahead of/);
  t.regex(clockOffWords('Hall', 60_000), /is 1 minute ahead of/);
  t.regex(clockOffWords('Hall', 3200), /is 3 seconds ahead of/);
});
