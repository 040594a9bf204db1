import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import test from 'ava';
import { manifestPathOf, parseManifest } from '../../src/archive/manifest.ts';
import { segmentPathOf } from '../../src/archive/segment-path.ts';
import { loadSigningKey } from '../../src/archive/signing-key.ts';
import { systemClock } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { openKeys } from '../../src/settings/keys.ts';
import { buildSegment } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

const understudy = (...args: string[]): Promise<Ran> =>
  new Promise((done) => {
    const child = execFile(process.execPath, ['--no-warnings', CLI, ...args], (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

async function volume(t: Parameters<typeof tempDir>[0]): Promise<{ root: string; file: string }> {
  const root = await tempDir(t, 'cli');
  const { bytes, header } = buildSegment({ fragments: 8 });
  const { cameraId, stream, serverId, epoch, start } = header;
  const file = join(
    root,
    segmentPathOf({ cameraId, stream, start: epochMs(start), server8: serverId.slice(0, 8), epoch }),
  );
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
  return { root, file };
}

test('verify says what is there and exits 0; with one byte changed it names the fragment and exits 1', async (t) => {
  const { root, file } = await volume(t);
  const fine = await understudy('verify', root);
  t.like(fine, { code: 0, stderr: '' });
  t.regex(
    fine.stdout,
    /cam-1\/main: 1 segments, 8 fragments, 32 access units, 2026-11-21T10:00:00\.000Z to 2026-11-21T10:00:01\.280Z/,
  );
  const bytes = await readFile(file);
  const at = bytes.lastIndexOf('mdat') + 30;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
  const damaged = await understudy('verify', root, '--json');
  t.is(damaged.code, 1);
  const report = JSON.parse(damaged.stdout) as {
    ok: boolean;
    findings: { kind: string; sequence: number; file: string }[];
  };
  t.false(report.ok);
  t.like(report.findings[0], { kind: 'altered', sequence: 8, file });
});

test('export makes a file that verify accepts; the key of the server signs it where --data is given', async (t) => {
  const { root } = await volume(t);
  const data = await tempDir(t, 'data');
  const { exportSigningKeyPath } = await openKeys({ dataDir: data, clock: systemClock, hosts: [] });
  const { publicKey } = await loadSigningKey(exportSigningKeyPath);
  const out = join(data, 'cut.mp4');
  const range = ['--start', '2026-11-21T10:00:00.400Z', '--end', '2026-11-21T10:00:01Z'];
  const made = await understudy(
    'export',
    '--from',
    root,
    '--camera',
    'cam-1',
    ...range,
    '--out',
    out,
    '--data',
    data,
    '--json',
  );
  t.like(made, { code: 0, stderr: '' });
  const { files } = JSON.parse(made.stdout) as { files: { accessUnits: number; selfSigned: boolean }[] };
  t.like(files[0], { accessUnits: 17, selfSigned: false });
  t.is(parseManifest(await readFile(manifestPathOf(out), 'utf8')).publicKey, publicKey);
  t.like(await understudy('verify', out), { code: 0 });
});

test('wrong use exits 2 with one line on stderr', async (t) => {
  const { root } = await volume(t);
  const export_ = ['export', '--from', root, '--camera', 'cam-1', '--out', '/tmp/never.mp4'];
  const wrong: string[][] = [
    ['verify', join(root, 'nothing-here')],
    ['verify'],
    ['verify', root, '--wrong'],
    ['nonsense'],
    [...export_, '--start', '2026-11-21T10:00:00Z', '--end', '2026-11-21T10:00:01Z', '--data', root],
    [...export_, '--start', 'yesterday', '--end', '2026-11-21T10:00:01Z'],
    [...export_, '--start', '2026-11-21T10:00:01Z', '--end', '2026-11-21T10:00:00Z'],
    export_,
  ];
  for (const args of wrong) {
    const { code, stderr, stdout } = await understudy(...args);
    t.is(code, 2, args.join(' '));
    t.regex(stderr, /^understudy: [^\n]+\n$/, args.join(' '));
    t.is(stdout, '');
  }
});

test('a range without footage exits 1', async (t) => {
  const { root } = await volume(t);
  const range = ['--start', '2026-11-22T10:00:00Z', '--end', '2026-11-22T10:01:00Z'];
  const none = await understudy('export', '--from', root, '--camera', 'cam-1', ...range, '--out', join(root, 'x.mp4'));
  t.is(none.code, 1);
  t.regex(none.stderr, /^understudy: nothing that can be shown/);
});

test('help is printed for the program and for a command', async (t) => {
  const [program, command] = [await understudy('--help'), await understudy('export', '--help')];
  t.is(program.code, 0);
  t.regex(program.stdout, /verify/);
  t.is(command.code, 0);
  t.regex(command.stdout, /--camera/);
});
