import test from 'ava';
import { verifySegment } from '../../../src/archive/verify-segment.ts';
import { sourceOf } from '../../support/bytes-source.ts';
import { buildSegment, TEST_START_MS } from '../../support/segment-builder.ts';

/**
 * Behind a loss that held no picture a fragment begins where the one before ended by its 90 kHz clock: at a third of a microsecond.
 * `uuid` holds whole microseconds, `prft` must be made of the same ones. Was seen with 2 % loss over UDP (test/interop/recorder-udp-loss).
 */
test('a fragment that begins between two microseconds verifies', async (t) => {
  const segment = buildSegment({ header: { start: TEST_START_MS + 2 ** -11 } });
  const { findings } = await verifySegment(sourceOf(segment.bytes), 'a.mp4');
  // The segment's own start is whole milliseconds everywhere but here.
  t.deepEqual(
    findings.filter(({ sequence }) => sequence !== undefined),
    [],
  );
});
