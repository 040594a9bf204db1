import test from 'ava';
import { isRefusal, parseCameraUrl, refusalOfAddress, refusalOfUrl } from '../../src/core/camera-address.ts';
import type { CameraAddressPolicy } from '../../src/core/camera-address.ts';

const policy: CameraAddressPolicy = {
  allowLoopback: false,
  ownAddresses: ['192.168.1.5', 'fd00::5'],
  ownPorts: [51443, 51410],
};

const REFUSED: readonly (readonly [url: string, code: string])[] = [
  ['http://192.168.1.20/', 'scheme'],
  ['file:///etc/passwd', 'scheme'],
  ['gopher://192.168.1.20/', 'scheme'],
  ['rtsp://', 'host'],
  ['rtsp:///stream', 'host'],
  ['rtsp://user:secret@192.168.1.20/', 'credentials'],
  ['rtsp://192.168.1.20@127.0.0.1/', 'credentials'],
  ['rtsp://192.168.1.20:0/', 'port'],
  ['rtsp://192.168.1.20:70000/', 'port'],
  ['rtsp://127.0.0.1/', 'loopback'],
  ['rtsp://127.1/', 'loopback'],
  ['rtsp://2130706433/', 'loopback'],
  ['rtsp://0x7f000001/', 'loopback'],
  ['rtsp://0177.0.0.1/', 'loopback'],
  ['rtsp://127.0.0.1./', 'loopback'],
  ['rtsp://localhost/', 'loopback'],
  ['rtsp://LOCALHOST./', 'loopback'],
  ['rtsp://cam.localhost/', 'loopback'],
  ['rtsp://[::1]/', 'loopback'],
  ['rtsp://[0:0:0:0:0:0:0:1]:554/', 'loopback'],
  ['rtsp://[::ffff:127.0.0.1]/', 'loopback'],
  ['rtsp://[::ffff:7f00:1]/', 'loopback'],
  ['rtsp://[::127.0.0.1]/', 'loopback'],
  ['rtsp://[64:ff9b::7f00:1]/', 'loopback'],
  ['rtsp://[2002:7f00:1::]/', 'loopback'],
  ['rtsp://0.0.0.0/', 'unspecified'],
  ['rtsp://0/', 'unspecified'],
  ['rtsp://[::]/', 'unspecified'],
  ['rtsp://169.254.169.254/latest/meta-data', 'link-local'],
  ['rtsp://2852039166/', 'link-local'],
  ['rtsp://[fe80::1]/', 'link-local'],
  ['rtsp://[::ffff:169.254.169.254]/', 'link-local'],
  ['rtsp://[fd00:ec2::254]/', 'reserved'],
  ['rtsp://224.0.0.1/', 'multicast'],
  ['rtsp://[ff02::1]/', 'multicast'],
  ['rtsp://255.255.255.255/', 'reserved'],
  ['rtsp://192.168.1.5:51443/', 'own-port'],
  ['rtsp://[fd00::5]:51410/', 'own-port'],
  ['rtsp://[::ffff:192.168.1.5]:51443/', 'own-port'],
  ['rtsp://host name/', 'host'],
  ['rtsp://a%00b/', 'host'],
  ['rtmp://192.168.1.20/live/front-door', 'push'],
  ['rtmp://push/short', 'push'],
  ['rtmp://push:1935/front-door-7x2k', 'push'],
  ['rtmp://push/front-door-7x2k/more', 'push'],
  ['rtsp://192.168.1.20\\@127.0.0.1/', 'credentials'],
];

const refuses = test.macro<[code: string, url: string]>({
  title: (_given, code, url) => `${url} is refused: ${code}`,
  exec: (t, code, url) => {
    const refusal = refusalOfUrl(url, policy);
    t.is(refusal?.code, code as typeof refusal extends undefined ? never : NonNullable<typeof refusal>['code']);
    t.false(refusal?.message.includes('secret'));
  },
});
for (const [url, code] of REFUSED) test(refuses, code, url);

test('ordinary cameras are allowed', (t) => {
  for (const url of [
    'rtsp://192.168.1.20:554/stream1?x=1',
    'rtsps://camera-7.lan/',
    'rtmp://push/front-door-7x2k',
    'rtsp://[fd00::20]:8554/a',
    'rtsp://192.168.1.5:554/',
    'rtsp://8.8.8.8/',
    'RTSP://10.0.0.1/',
  ]) {
    t.is(refusalOfUrl(url, policy), undefined, url);
  }
});

test('loopback is allowed when the owner says so, our own ports never', (t) => {
  const open = { ...policy, allowLoopback: true };
  t.is(refusalOfUrl('rtsp://127.0.0.1:8554/', open), undefined);
  t.is(refusalOfUrl('rtsp://localhost:8554/', open), undefined);
  t.is(refusalOfUrl('rtsp://127.0.0.1:51443/', open)?.code, 'own-port');
  t.is(refusalOfAddress('::1', 51_410, open)?.code, 'own-port');
});

test('a name passes, and what it resolves to is judged again', (t) => {
  t.is(refusalOfUrl('rtsp://rebind.example/', policy), undefined);
  t.is(refusalOfAddress('127.0.0.1', 554, policy)?.code, 'loopback');
  t.is(refusalOfAddress('fe80::1%eth0', 554, policy)?.code, 'link-local');
  t.is(refusalOfAddress('not an address', 554, policy)?.code, 'host');
});

test('the parts of a URL are told', (t) => {
  t.deepEqual(parseCameraUrl('rtsps://Cam.LAN/a'), { scheme: 'rtsps', host: 'cam.lan', port: 322, literal: false });
  t.true(isRefusal(parseCameraUrl('nonsense')));
});
