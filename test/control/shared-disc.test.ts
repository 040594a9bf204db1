import test from 'ava';
import { createIsOthers } from '../../src/control/shared-disc.ts';
import type { SegmentOrigin } from '../../src/archive/rebuild.ts';

const R = 'a0000000-0000-4000-8000-00000000000a';
const F = 'f0000000-0000-4000-8000-00000000000f';
const OLD = 'b0000000-0000-4000-8000-00000000000b';
type Deps = Parameters<typeof createIsOthers>[0];

const isOthersAt = (
  id: string,
  mode: 'recording' | 'failover',
  more: { readonly cameras?: readonly string[]; readonly peers?: readonly string[]; readonly shared?: boolean },
): ((origin: Partial<SegmentOrigin>) => boolean) => {
  const get = <T>(value: T): { readonly get: () => T } => ({ get: () => value });
  const isOthers = createIsOthers({
    server: get({ id, mode }),
    cameras: get({ cameras: (more.cameras ?? []).map((camera) => ({ id: camera })) }),
    peers: get({ peers: (more.peers ?? []).map((peer) => ({ id: peer })) }),
    volumes: get({ volumes: [{ id: 'vol-1', shared: more.shared }] }),
  } as unknown as Deps);
  return (origin) => isOthers('vol-1', { cameraId: 'cam-1', serverId: id, returned: undefined, ...origin });
};
const returned = { id: 'ret-1', by: F, clockOffsetMs: 0, supersedes: [] };

test('a protected server takes what is its own, what came back to it and what was on the disc before, not the ring of another', (t) => {
  const isOthers = isOthersAt(R, 'recording', { cameras: ['cam-1'], peers: [F] });
  t.false(isOthers({ serverId: R }));
  t.false(isOthers({ serverId: F, returned }));
  t.false(isOthers({ serverId: OLD }));
  t.true(isOthers({ serverId: F }));
});

test('a failover server takes what it recorded until that is given back, and nothing of the server whose disc it is', (t) => {
  const isOthers = isOthersAt(F, 'failover', { shared: true });
  t.false(isOthers({ serverId: F }));
  t.true(isOthers({ serverId: F, returned }));
  t.true(isOthers({ serverId: R }), 'also while the two do not know each other');
});
