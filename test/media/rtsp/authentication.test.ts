import test from 'ava';
import {
  chooseChallenge,
  digestResponse,
  encodeAuthorization,
  encodeChallenge,
  MAX_CHALLENGES,
  parseChallenges,
  verifyAuthorization,
} from '../../../src/media/rtsp/authentication.ts';
import type { Challenge, DigestChallenge } from '../../../src/media/rtsp/authentication.ts';
import { mutate } from '../../support/mutate.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const RFC_7616 =
  'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const mufasa = { username: 'Mufasa', password: 'Circle of Life' };
const use = { method: 'GET', uri: '/dir/index.html', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', count: 1 };
const digest = (header: string): DigestChallenge => {
  const found = parseChallenges([header]).find((challenge) => challenge.kind === 'digest');
  if (found === undefined) throw new Error('no digest');
  return found;
};

test('the example of RFC 7616 §3.9.1 with SHA-256', (t) => {
  t.is(
    digestResponse(digest(RFC_7616), mufasa, use),
    '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  );
});
test('the example of RFC 7616 §3.9.1 with MD5', (t) => {
  t.is(digestResponse(digest(RFC_7616.replace('SHA-256', 'MD5')), mufasa, use), '8ca523f5e9506fed4657c9700eebdbec');
});
test('the example of RFC 2617 §3.5', (t) => {
  const challenge = digest(
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
  );
  const credentials = { username: 'Mufasa', password: 'Circle Of Life' };
  t.is(digestResponse(challenge, credentials, { ...use, cnonce: '0a4f113b' }), '6629fae49393a05397450978507c4ef1');
});
test('without qop the form of RFC 2069 is used and no cnonce is sent', (t) => {
  const challenge = digest('Digest realm="IP Camera(12345)", nonce="abc", stale="FALSE"');
  const header = encodeAuthorization(
    challenge,
    { username: 'admin', password: 'x' },
    { ...use, method: 'DESCRIBE', uri: 'rtsp://h/a' },
  );
  t.notRegex(header, /cnonce|qop|algorithm/);
  t.regex(
    header,
    /^Digest username="admin", realm="IP Camera\(12345\)", nonce="abc", uri="rtsp:\/\/h\/a", response="[0-9a-f]{32}"$/,
  );
});
test('Basic encodes UTF-8', (t) => {
  const [basic] = parseChallenges(['Basic realm="x"']);
  if (basic) t.is(encodeAuthorization(basic, { username: 'test', password: '123£' }, use), 'Basic dGVzdDoxMjPCow==');
});

test('challenges in one header and in several are found', (t) => {
  const one = parseChallenges(['Digest realm="a, Basic b", nonce="n", Basic realm="c"']);
  t.deepEqual(
    one.map(({ kind, realm }) => [kind, realm]),
    [
      ['digest', 'a, Basic b'],
      ['basic', 'c'],
    ],
  );
  const two = parseChallenges([
    'Basic realm="c"',
    'Digest realm="d", nonce="n", algorithm="SHA-256"',
    'digest realm=d,nonce=m,algorithm=md5',
  ]);
  t.is(two.length, 3);
  t.like(chooseChallenge(two, false), { kind: 'digest', algorithm: 'SHA-256' });
  t.like(
    chooseChallenge(
      two.filter((challenge) => challenge.kind === 'basic' || challenge.algorithm === 'MD5'),
      false,
    ),
    { algorithm: 'MD5' },
  );
});
test('after Digest was asked for, Basic is never chosen', (t) => {
  t.is(chooseChallenge(parseChallenges(['Basic realm="c"']), true), undefined);
});
test('schemes, algorithms and qop that we cannot do are left out', (t) => {
  t.deepEqual(
    parseChallenges([
      'Bearer realm="x"',
      'Digest realm="a", nonce="n", algorithm=SHA-512-256',
      'Digest realm="a", nonce="n", qop="auth-int"',
      'Digest realm="a"',
    ]),
    [],
  );
});
test('at most eight challenges are looked at', (t) => {
  t.is(parseChallenges(Array.from({ length: 50 }, () => 'Basic realm="c"')).length, MAX_CHALLENGES);
});
test('stale, opaque and escaped quotes are read', (t) => {
  t.like(digest('Digest realm="a\\"b", nonce="n", stale=TRUE, opaque=""'), { realm: 'a"b', stale: true, opaque: '' });
});

const offered: readonly Challenge[] = [
  {
    kind: 'digest',
    algorithm: 'SHA-256',
    sess: false,
    realm: 'r',
    nonce: 'n1',
    opaque: undefined,
    qopAuth: true,
    stale: false,
  },
  { kind: 'digest', algorithm: 'MD5', sess: true, realm: 'r', nonce: 'n1', opaque: 'o', qopAuth: false, stale: false },
  { kind: 'basic', realm: 'r' },
];
const admin = { username: 'ad"min', password: 'p:w"' };
const asked = { method: 'SETUP', uri: 'rtsp://h/a/trackID=1', cnonce: 'c0ffee', count: 17 };
test('a server accepts what a client answers, for every challenge', (t) => {
  for (const challenge of offered) {
    const [read] = parseChallenges([encodeChallenge(challenge)]);
    t.deepEqual(read, challenge);
    if (read === undefined) continue;
    const header = encodeAuthorization(read, admin, asked);
    t.is(verifyAuthorization(header, 'SETUP', offered, admin), 'accepted');
    t.is(verifyAuthorization(header, 'SETUP', offered, { ...admin, password: 'x' }), 'wrong');
    if (challenge.kind === 'digest') t.is(verifyAuthorization(header, 'PLAY', offered, admin), 'wrong');
  }
});
test('a server tells missing, stale and not offered apart', (t) => {
  t.is(verifyAuthorization(undefined, 'PLAY', offered, admin), 'missing');
  t.is(verifyAuthorization('nonsense', 'PLAY', offered, admin), 'missing');
  const [sha = offered[2]] = offered;
  const old = sha?.kind === 'digest' ? encodeAuthorization({ ...sha, nonce: 'n0' }, admin, asked) : '';
  t.is(verifyAuthorization(old, 'SETUP', offered, admin), 'stale');
  t.is(verifyAuthorization('Basic YTpi', 'PLAY', offered.slice(0, 1), admin), 'wrong');
});
test('damaged challenges and answers never throw', (t) => {
  const bytes = new TextEncoder().encode(RFC_7616);
  forSeeds(3000, (random) => {
    const text = new TextDecoder().decode(mutate(random, bytes));
    parseChallenges([text]);
    verifyAuthorization(text, 'PLAY', offered, admin);
  });
  t.pass();
});
