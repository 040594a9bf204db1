import test from 'ava';
import { checkActing } from '../../src/compose/replacing-checks.ts';
import { memorySettings, peerOf, serverIdOf } from '../support/memory-settings.ts';

const R = serverIdOf(2);
const backup = { serverId: R };
/** Of what acts for the original, with a camera of it here. */
function set(more: Parameters<typeof peerOf>[1] = {}) {
  const record = peerOf(2, { watched: true, name: 'Hall', ...more });
  const side = {
    known: { find: () => record },
    watch: { stateOf: () => ({ wanted: { door: { covered: true, stream: { cameraId: 'door' } } } }) },
    backups: { latest: () => backup },
  };
  return [{ settings: memorySettings({ peers: [record] }) } as never, side as never, R] as const;
}

test('what acts for a server may replace it', (t) => {
  t.is(checkActing(...set()), backup as never);
});

test('a server that was replaced is not replaced again, also while it is still handed over', (t) => {
  const replacedBy = { id: serverIdOf(3), name: 'Other', at: 1 };
  t.throws(() => checkActing(...set({ replacedBy })), { code: 'replace/again', message: /by Other already/ });
});
