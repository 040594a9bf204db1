import test from 'ava';
import { UnderstudyError } from '../../../src/core/errors.ts';
import { baseOf, MAX_URL, parseRtspUrl, resolveControl } from '../../../src/media/rtsp/url.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const reads = test.macro<[text: string, expected: Partial<ReturnType<typeof parseRtspUrl>>]>({
  title: (given, text) => given ?? `${text} is read`,
  exec: (t, text, expected) => t.like(parseRtspUrl(text), expected),
});
const refuses = test.macro<[text: string, says: RegExp]>({
  title: (given) => `${given} is refused`,
  exec: (t, text, says) => {
    const error = t.throws(() => parseRtspUrl(text), { instanceOf: UnderstudyError, code: 'rtsp/url' });
    t.regex(error?.message ?? '', says);
    t.notRegex(error?.message ?? '', /secret/);
  },
});

test(reads, 'rtsp://192.168.1.20/stream1', { host: '192.168.1.20', port: 554, uri: 'rtsp://192.168.1.20/stream1' });
test(reads, 'rtsps://cam.local/a', { scheme: 'rtsps', port: 322, uri: 'rtsps://cam.local/a' });
test(reads, 'RTSP://cam:8554', { host: 'cam', port: 8554, path: '/', uri: 'rtsp://cam:8554/' });
test(reads, 'rtsp://[fe80::1%eth0]:8554/x', { host: 'fe80::1%eth0', port: 8554, uri: 'rtsp://[fe80::1%eth0]:8554/x' });
test('user and password are split out and decoded', reads, 'rtsp://ad%40min:p%3Aw@h/x', {
  username: 'ad@min',
  password: 'p:w',
  uri: 'rtsp://h/x',
});
test('a bare @ in a password is understood', reads, 'rtsp://admin:p@ss@h/x', {
  username: 'admin',
  password: 'p@ss',
  host: 'h',
});
test('a bare % in a password is kept', reads, 'rtsp://admin:100%@h/x', { password: '100%' });
test('a user without password is read', reads, 'rtsp://admin@h/x', { username: 'admin', password: undefined });
test('a query is kept as sent', reads, 'rtsp://h/cam/realmonitor?channel=1&subtype=0', {
  path: '/cam/realmonitor?channel=1&subtype=0',
});
test('a query without a path gets one', reads, 'rtsp://h?a=1', { path: '/?a=1' });
test('a fragment is left out', reads, 'rtsp://h/a#b', { path: '/a' });

test('another scheme', refuses, 'http://u:secret@h/a', /rtsp:\/\//);
test('a line break', refuses, 'rtsp://u:secret@h/a\r\nX: y', /control characters/);
test('a space', refuses, 'rtsp://h/a b', /%20/);
test('a missing host', refuses, 'rtsp:///a', /host name/);
test('a bare IPv6 address', refuses, 'rtsp://fe80::1/a', /brackets/);
test('port 0', refuses, 'rtsp://h:0/a', /port from 1/);
test('port 65536', refuses, 'rtsp://h:65536/a', /port from 1/);
test('a giant address', refuses, `rtsp://h/${'a'.repeat(MAX_URL)}`, /2048 characters/);

const resolves = test.macro<[base: string, control: string | undefined, expected: string]>({
  title: (given) => `a control ${given}`,
  exec: (t, base, control, expected) => t.is(resolveControl(base, control), expected),
});
test('relative to a base with slash is appended', resolves, 'rtsp://h/a/', 'trackID=1', 'rtsp://h/a/trackID=1');
test(
  'relative to a base without slash gets one (Live555, GStreamer)',
  resolves,
  'rtsp://h/a',
  'track1',
  'rtsp://h/a/track1',
);
test(
  'behind a query is appended to it (Dahua)',
  resolves,
  'rtsp://h/cam/realmonitor?channel=1/',
  'trackID=0',
  'rtsp://h/cam/realmonitor?channel=1/trackID=0',
);
test('that is absolute stands (Axis)', resolves, 'rtsp://h/a', 'rtsp://h/b/stream=0', 'rtsp://h/b/stream=0');
test('that is an absolute path keeps the host', resolves, 'rtsp://h:8554/a/b', '/c/track1', 'rtsp://h:8554/c/track1');
test('of * is the base', resolves, 'rtsp://h/a/', '*', 'rtsp://h/a/');
test('that is missing is the base', resolves, 'rtsp://h/a', undefined, 'rtsp://h/a');

test('a control with a line break is refused', (t) => {
  t.throws(() => resolveControl('rtsp://h/a', 'x\r\ny'), { code: 'rtsp/url' });
});
test('the base is Content-Base, else Content-Location, else the address asked for', (t) => {
  const url = parseRtspUrl('rtsp://h/a');
  t.is(baseOf(url, 'rtsp://10.0.0.1/a/', 'rtsp://x/'), 'rtsp://10.0.0.1/a/');
  t.is(baseOf(url, ' ', 'rtsp://x/b'), 'rtsp://x/b');
  t.is(baseOf(url, undefined, undefined), 'rtsp://h/a');
  t.is(baseOf(url, '/b/', undefined), 'rtsp://h/b/');
  t.is(baseOf(url, 'rtsp://x/\u0001', undefined), 'rtsp://h/a');
});
test('random text is an address or refused', (t) => {
  forSeeds(3000, (random) => {
    const text = `rtsp://${Array.from({ length: random.int(0, 20) }, () => random.pick(Array.from('ab:@/[]?#%1.\n é'))).join('')}`;
    try {
      const url = parseRtspUrl(text);
      if (/\s/.test(url.uri) || /[@/]/.test(url.host)) throw new Error(`${text} became ${url.uri}`);
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
    }
  });
  t.pass();
});
