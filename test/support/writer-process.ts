/**
 * A process that records built segments to a volume until told otherwise, and appends `durable PATH OFFSET SEQUENCE` for every fragment reported,
 * `failed TOKEN CODE` for the others, to a report file. A test kills it or makes its disk err.
 * Arguments: volume, cameras, rounds, report.
 */
import { openSync, writeSync } from 'node:fs';
import { buildSegment, TEST_START_MS } from './segment-builder.ts';
import type { BuiltSegment } from './segment-builder.ts';
import { startTestWriter } from './volume-writer.ts';
import { waitFor } from './wait-for.ts';

const [path = '', cameras = '4', rounds = '10', report = ''] = process.argv.slice(2);
const FRAGMENTS = 8;
const written = new Map<number, { handle: number; offset: number; sequence: number }>();
const broken = new Set<number>();
const file = openSync(report, 'a');
const say = (line: string): void => void writeSync(file, `${line}\n`);
const writer = await startTestWriter({ teardown: () => undefined }, path, {
  onResult: ({ durable, failed }) => {
    for (const { handle, token, code } of failed) {
      broken.add(handle);
      say(`failed ${token ?? 'open'} ${code}`);
    }
    for (const { handle, offset, sequence } of durable.flatMap((token) => written.get(token) ?? []))
      say(`durable ${writer.opened.get(handle) ?? ''} ${offset} ${sequence}`);
  },
});
const current: { segment: BuiltSegment; handle: number; next: number }[] = [];
let [handles, token, turn] = [0, 0, 0];
const template = buildSegment({ fragments: FRAGMENTS, sliceBytes: 9000 });

for (let round = 0; round < Number(rounds); round += 1) {
  for (let camera = 0; camera < Number(cameras); camera += 1) {
    let entry = current[camera];
    if (entry === undefined || entry.next >= FRAGMENTS || broken.has(entry.handle)) {
      writer.close(entry?.handle ?? -1);
      handles += 1;
      turn += 1;
      const header = { ...template.header, cameraId: `cam-${camera}`, start: TEST_START_MS + turn * 1000 };
      entry = { segment: { ...template, header }, handle: handles, next: 0 };
      current[camera] = entry;
      writer.open(entry.handle, entry.segment);
    }
    const { offset, sequence } = entry.segment.fragments[entry.next] ?? { offset: 0, sequence: 0 };
    token += 1;
    written.set(token, { handle: entry.handle, offset, sequence });
    writer.write(entry.handle, entry.segment, entry.next, token);
    entry.next += 1;
  }
  await writer.idle();
  await waitFor('the volume to be usable', () => writer.writer.state().kind === 'usable');
}
await writer.writer.stop();
say('done');
