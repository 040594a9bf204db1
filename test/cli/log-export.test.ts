import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { startCliBench } from '../support/cli-bench.ts';
import { tempDir } from '../support/temp-dir.ts';

test('the log is written into a file, in CSV or JSON by its name', async (t) => {
  const { run } = await startCliBench(t);
  const folder = await tempDir(t, 'log');
  const [csv, json] = [join(folder, 'log.csv'), join(folder, 'log.JSON')];
  const ran = await run('log', '--export', csv, '--since', '2026-01-01T00:00:00Z');
  t.like(ran, { code: 0, stderr: '' });
  t.true(ran.stdout.includes(csv));
  t.regex(await readFile(csv, 'utf8'), /^at,severity,code,message,cameraId,volumeId,user,id\r\n[^]*,setup,/);
  t.is((await run('log', '--export', json)).code, 0);
  const entries = JSON.parse(await readFile(json, 'utf8')) as readonly { readonly code: string }[];
  t.true(entries.some(({ code }) => code === 'setup'));
});

test('what is no file, no time and no severity is refused before anything is asked', async (t) => {
  const { run } = await startCliBench(t);
  for (const [option, value] of [
    ['--export', 'log.pdf'],
    ['--since', 'yesterday'],
    ['--until', '2026-13-01'],
    ['--severity', 'loud'],
  ] as const) {
    const ran = await run('log', option, value);
    t.is(ran.code, 2, option);
    t.regex(ran.stderr, new RegExp(`^understudy: ${option} takes `));
  }
});
