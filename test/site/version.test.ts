import test from 'ava';
import { besideOurs, isOlder } from '../../src/site/version.ts';

/** SemVer §11.4.4, and its neighbours. */
const ORDER = [
  '0.1.0',
  '0.2.0',
  '0.10.0',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '1.0.1',
  '2.0.0',
];

test('versions are ordered by numbers, not by letters', (t) => {
  for (const [left, older] of ORDER.entries())
    for (const [right, newer] of ORDER.entries()) t.is(isOlder(older, newer), left < right, `${older} ${newer}`);
});

test('another release is older than ours, newer, or the same', (t) => {
  t.is(besideOurs('0.9.9', '0.10.0'), 'older');
  t.is(besideOurs('1.0.0', '1.0.0-rc.2'), 'newer');
  t.is(besideOurs('1.0.0+a', '1.0.0+b'), 'same');
  t.is(besideOurs('x', '1.0.0'), 'same');
});

test('what stands behind a + does not count, and what is no version is not older', (t) => {
  t.false(isOlder('1.0.0+1', '1.0.0+2'));
  for (const odd of ['', 'x', '1.0', '1.0.0.0', '99999999999.0.0']) {
    t.false(isOlder(odd, '1.0.0'));
    t.false(isOlder('1.0.0', odd));
  }
});
