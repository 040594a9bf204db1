/** A planned hand-over asked for by a person, here or at another server: who is asked (docs/design/failover-machine.md). */
import type { HandOverDeps } from '../api/routes/hand-over.ts';
import { HAND_OVER_WITHIN_MS } from '../control/protected-side.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { handOverSchema } from '../site/hand-over.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

/** The other side waits for its own failover servers. */
const ANSWER_WITHIN = durationMs(HAND_OVER_WITHIN_MS + 5000);

export function composeHandOver({ settings }: FailoverParts, { network, protectedSide }: Peers): HandOverDeps {
  return {
    own: async ({ holdSeconds }, user) => await protectedSide.relieve({ holdSeconds, user }),
    of: async (serverId, { holdSeconds }, user) => {
      const { id, name } = settings.server.get();
      if (serverId === id) return await protectedSide.relieve({ holdSeconds, user });
      if (!settings.peers.get().peers.some((peer) => peer.id === serverId))
        throw new UnderstudyError(
          'not-found',
          'server/unknown',
          `No server with the id ${serverId.slice(0, 64)} is known here.`,
        );
      const params = { holdSeconds, user: `${user} (${name})`.slice(0, 200) };
      const answer = await network.request(serverId, 'handover.begin', params, { timeoutMs: ANSWER_WITHIN });
      return handOverSchema.parse(answer.result);
    },
  };
}
