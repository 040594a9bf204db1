/** What the page asks for: plan, status, lists and licences each few seconds; how ready each failover server is less often. */
import { useState } from 'preact/hooks';
import { api } from '../../../api/api.ts';
import { protectionApi, type KnownServer, type Licences, type Plan, type PlanCamera } from '../../../api/protection.ts';
import { siteServers, type SiteServerView } from '../../../api/site.ts';
import type { Tagged } from '../../../api/client.ts';
import type { SiteView } from '../../../api/protection.ts';
import { useFresh, type Fresh } from '../fresh.ts';
import type { Facts, OwnBox } from './model.ts';

const EVERY_MS = 5000;
const STANDBY_EVERY_MS = 10_000;
/** Asked at once; each answers for itself. */
const AT_ONCE = 4;

export type Loaded = {
  readonly plan: Plan;
  readonly status: readonly SiteServerView[];
  readonly site: Tagged<SiteView>;
  readonly licences: Licences | undefined;
  readonly ownCameras: readonly PlanCamera[];
};

export function useLoaded({ id, mode }: OwnBox): Fresh<Loaded> {
  const [last] = useState(() => createSame<Loaded>());
  return useFresh(
    async () => {
      const [plan, status, site, licences] = await Promise.all([
        protectionApi.plan(),
        siteServers(),
        protectionApi.site(),
        protectionApi.licences().catch(() => undefined),
      ]);
      const isLeftOut = !site.value.isHost && mode !== 'failover' && plan.servers.length === 0;
      const ownOnes = isLeftOut ? await ownCameras() : [];
      return last.unlessSame({ plan, status, site, licences, ownCameras: ownOnes });
    },
    { key: `${id} ${mode}`, everyMs: EVERY_MS, on: ['server', 'cameras'] },
  );
}

/** The object of before where the answer says the same: nothing is made anew and shown anew for it. */
function createSame<T>(): { readonly unlessSame: (value: T) => T } {
  let last: { readonly text: string; readonly value: T } | undefined;
  return {
    unlessSame: (value) => {
      const text = JSON.stringify(value);
      if (last?.text !== text) last = { text, value };
      return last.value;
    },
  };
}

async function ownCameras(): Promise<readonly PlanCamera[]> {
  const cameras = await api.cameras();
  return cameras
    .filter(({ coveredFor }) => coveredFor === undefined)
    .map(({ id: cameraId, name, priority, standbyLevel, enabled, record }) => ({
      cameraId,
      name,
      priority,
      standbyLevel,
      recording: enabled && record,
    }));
}

/** Of these servers; one that does not answer is left out. */
export const useKnown = (ids: readonly string[]): Fresh<Facts['known']> =>
  useFresh(
    async () => {
      const known = new Map<string, ReadonlyMap<string, KnownServer>>();
      const waiting = [...ids];
      const next = async (): Promise<void> => {
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
          const answer = await protectionApi.knownTo(id).catch(() => undefined);
          if (answer !== undefined) known.set(id, new Map(answer.map((one) => [one.id, one])));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, next));
      return known;
    },
    { key: ids.join(), everyMs: STANDBY_EVERY_MS },
  );
