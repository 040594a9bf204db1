import test from 'ava';
import { isServerAddress, isWebAddress, plainWebAddress } from '../../src/core/web-address.ts';

const right = test.macro<[text: string]>({
  title: (_given, text) => `${text} is an address for browsers`,
  exec: (t, text) => t.true(isWebAddress(text)),
});
for (const text of [
  'nas',
  'NAS.local',
  'nas-1.example.org',
  '192.0.2.7',
  '2001:db8::7',
  '4nas.example',
  'a'.repeat(63),
])
  test(right, text);

const wrong = test.macro<[text: string, why: string]>({
  title: (_given, _text, why) => `refused: ${why}`,
  exec: (t, text) => t.false(isWebAddress(text)),
});
test(wrong, '', 'nothing');
test(wrong, 'https://nas', 'a scheme');
test(wrong, 'nas:443', 'a port');
test(wrong, '[2001:db8::7]', 'brackets');
test(wrong, 'fe80::1%eth0', 'a zone');
test(wrong, 'nas/x', 'a path');
test(wrong, 'me@nas', 'a user');
test(wrong, 'nas .example', 'a blank');
test(wrong, '-nas.example', 'a label that begins with a dash');
test(wrong, 'nas..example', 'an empty label');
test(wrong, `${'a'.repeat(64)}.example`, 'a label of 64 characters');
test(wrong, `${'a.'.repeat(127)}aa`, 'more than 253 characters');
test(wrong, '192.0.2.256', 'what ends in a number and is no address');
test(wrong, '192.0.2', 'a part of an address');
test(wrong, '0x7f.1', 'an address in another spelling');
test(wrong, 'nas\n.example', 'a line break');

test('servers dial names with _, and addresses with a zone, too', (t) => {
  for (const text of ['nas', 'my_nas.lan', 'fe80::1%eth0', '192.0.2.7']) t.true(isServerAddress(text), text);
  for (const text of ['', 'https://nas', 'nas:51410', '[::1]', 'nas%eth0', 'nas/x', 'me@nas', '192.0.2.256', 'a b'])
    t.false(isServerAddress(text), text);
});

test('as browsers write it in Host', (t) => {
  t.is(plainWebAddress('NAS.local'), 'nas.local');
  t.is(plainWebAddress('2001:DB8:0::7'), '2001:db8::7');
});
