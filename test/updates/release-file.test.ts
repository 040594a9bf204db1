import test from 'ava';
import type { UnderstudyError } from '../../src/core/errors.ts';
import { MAX_RELEASE_BYTES } from '../../src/site/release-limits.ts';
import { signText } from '../../src/site/signed-text.ts';
import { lineIn, MAX_LINE_BYTES, readRelease, releaseLine, releaseSchema } from '../../src/updates/release-file.ts';
import type { Release } from '../../src/updates/release-file.ts';
import { createIssuer, licenceOf } from '../support/licences.ts';
import { mutate } from '../support/mutate.ts';
import { createRandom } from '../support/seeded-random.ts';

const HASH = 'ab'.repeat(32);
const issuer = createIssuer();
const fileOf = (path: string, bytes = 1): Release['files'][number] => ({ path, bytes, sha256: HASH });
const releaseOf = (more: Partial<Release> = {}): Release => ({
  format: 1,
  version: '0.2.0',
  builtAt: '2026-11-24T00:00:00.000Z',
  node: '24.21.0',
  body: { bytes: 10, sha256: HASH },
  files: [fileOf('dist/supervisor.js'), fileOf('package.json')],
  ...more,
});
const read = (line: string, keys = [issuer]): Release => readRelease(line.trimEnd(), keys);
const refusal = (t: { throws: (work: () => unknown) => unknown }, line: string, keys = [issuer]): string =>
  (t.throws(() => read(line, keys)) as UnderstudyError).code;

test('what was signed is read as it was', (t) => {
  t.deepEqual(read(releaseLine(releaseOf(), issuer.privateKey)), releaseOf());
});

test('the line ends where it ends', (t) => {
  const line = releaseLine(releaseOf(), issuer.privateKey);
  t.is(lineIn(Buffer.from(`${line}\u001f\u008b more`)), line.trimEnd());
  t.is(lineIn(Buffer.from(line.trimEnd())), undefined);
  t.is(lineIn(Buffer.alloc(MAX_LINE_BYTES + 1, 'a')), undefined);
  t.is(lineIn(Buffer.concat([Buffer.alloc(MAX_LINE_BYTES + 1, 'a'), Buffer.from('\n')])), undefined);
});

test('a stranger, a licence, a changed line and a later format are refused, each in its own words', (t) => {
  const line = releaseLine(releaseOf(), issuer.privateKey);
  t.is(refusal(t, line, [createIssuer()]), 'updates/key');
  t.is(refusal(t, licenceOf(issuer)), 'updates/format');
  const [head = '', payload = '', signature = ''] = line.trimEnd().split('.');
  const other = Buffer.from(JSON.stringify(releaseOf({ version: '9.0.0' }))).toString('base64url');
  t.is(refusal(t, [head, other, signature].join('.')), 'updates/signature');
  t.is(refusal(t, [head, payload].join('.')), 'updates/format');
  t.is(
    refusal(t, signText('understudy-release', { ...releaseOf(), format: 2 }, issuer.privateKey)),
    'updates/newer-format',
  );
  t.is(refusal(t, signText('understudy-release', { ...releaseOf(), more: 1 }, issuer.privateKey)), 'updates/format');
});

const BAD_PATHS = [
  '/etc/passwd',
  '../up',
  'a/../../b',
  './a',
  'a//b',
  'a/',
  '',
  '.hidden',
  'a/.hidden/b',
  'a\\b',
  'a\u0000b',
  'a b',
  `${'x'.repeat(240)}/y`,
];
for (const path of BAD_PATHS)
  test(`no file is called ${JSON.stringify(path).slice(0, 30)}`, (t) => {
    t.false(releaseSchema.safeParse(releaseOf({ files: [fileOf(path)] })).success);
  });

test('a path stands once, and not below a file', (t) => {
  const fits = (...paths: string[]): boolean =>
    releaseSchema.safeParse(releaseOf({ files: paths.map((path) => fileOf(path)) })).success;
  t.true(fits('a/b', 'a/c', 'ab', '@scope/x/y.js', '_a', 'a+b@1.js'));
  t.false(fits('a', 'a'));
  t.false(fits('a', 'a/b'));
  t.false(fits('a/b/c', 'a/b'));
});

test('the bounds: bytes of the file, of what it unpacks to, and how many files', (t) => {
  const fits = (more: Partial<Release>): boolean => releaseSchema.safeParse(releaseOf(more)).success;
  t.true(fits({ body: { bytes: MAX_RELEASE_BYTES, sha256: HASH } }));
  t.false(fits({ body: { bytes: MAX_RELEASE_BYTES + 1, sha256: HASH } }));
  const half = 512 * 1024 * 1024;
  t.true(fits({ files: [fileOf('a', half), fileOf('b', half)] }));
  t.false(fits({ files: [fileOf('a', half), fileOf('b', half), fileOf('c', 1)] }));
  const many = Array.from({ length: 20_001 }, (_, index) => fileOf(`f${index}`));
  t.false(fits({ files: many }));
  t.true(fits({ files: many.slice(1) }));
});

test('damaged lines are refused in words, never believed', (t) => {
  const line = Buffer.from(releaseLine(releaseOf(), issuer.privateKey).trimEnd());
  for (let seed = 1; seed <= 2000; seed += 1) {
    const changed = mutate(createRandom(seed), line);
    const text = Buffer.from(changed).toString('latin1');
    if (text === line.toString('latin1')) continue;
    try {
      readRelease(text, [issuer]);
      t.fail(`seed ${seed} was believed`);
    } catch (error) {
      t.regex((error as UnderstudyError).code, /^updates\/(format|signature|key)$/, `seed ${seed}`);
    }
  }
});
