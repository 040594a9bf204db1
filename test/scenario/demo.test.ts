/** The demo as it is delivered: it plays a failure by itself, and says with its exit code and its report that every access unit is there once. */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import test from 'ava';
import type { Report } from '../../src/demo/failure-play.ts';
import { startProcess } from '../support/processes.ts';
import { tempDir } from '../support/temp-dir.ts';

const SCRIPT = resolve(import.meta.dirname, '../../dist/demo.js');
const CAMERAS = 8;

test('the demo plays a failure to its end, loses nothing and leaves nothing behind', async (t) => {
  t.timeout(240_000);
  const dir = await tempDir(t, 'demo');
  const json = join(dir, 'report.json');
  const demo = startProcess(t, process.execPath, [SCRIPT, '--once', '--json', json], { env: { TMPDIR: dir } });
  t.teardown(async () => {
    // Its servers are process groups of their own: it ends them itself.
    demo.kill('SIGTERM');
    await demo.ended;
  });
  t.is(await demo.ended, 0, `${demo.stdout().slice(-2000)}${demo.stderr().slice(-2000)}`);
  const { passed, isWhole, cameras, incident } = JSON.parse(await readFile(json, 'utf8')) as Report;
  t.deepEqual({ passed, isWhole, cameras: cameras.length }, { passed: true, isWhole: true, cameras: CAMERAS });
  for (const camera of cameras) {
    t.like(camera, { missing: 0, doubled: 0, reordered: 0, altered: 0, problems: [] });
    t.true(camera.accessUnits > 0);
  }
  t.like(incident, { state: 'closed', totals: { missingMs: 0, cameras: CAMERAS / 2, coveredCameras: CAMERAS / 2 } });
  t.deepEqual(await readdir(dir), ['report.json'], 'its data is removed');
});
