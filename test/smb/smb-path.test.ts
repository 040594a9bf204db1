import test from 'ava';
import { serverNameOf, uncOf, wireDirectoryOf, wirePathOf } from '../../src/smb/smb-path.ts';

const refused = { code: 'smb-path' };

test('paths go within the share with its separators', (t) => {
  t.is(wirePathOf('cam/2026-11-22/00.mp4'), 'cam\\2026-11-22\\00.mp4');
  t.is(wirePathOf('Einfahrt Süd/a b.mp4'), 'Einfahrt Süd\\a b.mp4');
  t.is(wireDirectoryOf(''), '');
});

test('paths that are absolute, climb, are empty or that Windows would change are refused', (t) => {
  const wrong = [
    '',
    '/a',
    'a/',
    'a//b',
    '..',
    'a/../b',
    '.',
    'a/.',
    'a\\b',
    'a:b',
    'a*',
    'a?',
    '"',
    '<',
    '>',
    '|',
    'a ',
    'a.',
    'a\0',
    'a\n',
  ];
  for (const path of wrong) t.throws(() => wirePathOf(path), refused, JSON.stringify(path));
  t.throws(() => wireDirectoryOf('..'), refused);
});

test('paths, their parts and names of shares are bounded', (t) => {
  const part = 'x'.repeat(255);
  t.notThrows(() => wirePathOf(part));
  t.throws(() => wirePathOf(`${part}x`), refused);
  t.notThrows(() => wirePathOf([part, part, part, part].join('/')));
  t.throws(() => wirePathOf([part, part, part, part, 'x'].join('/')), refused);
  t.notThrows(() => uncOf('nas', 'x'.repeat(80)));
  t.throws(() => uncOf('nas', 'x'.repeat(81)), refused);
  for (const share of ['', 'a/b', 'a\\b', '..']) t.throws(() => uncOf('nas', share), refused, share);
});

test('IPv6 addresses have a name of their own', (t) => {
  t.is(uncOf('nas.local', 'footage'), '\\\\nas.local\\footage');
  t.is(serverNameOf('fe80::1%eth0'), 'fe80--1seth0.ipv6-literal.net');
});
