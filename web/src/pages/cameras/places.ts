/** Which servers of the site a camera can be added to, and how long footage lasts at each. */
import { signal } from '@preact/signals';
import { camerasAt } from '../../api/cameras.ts';
import { siteServers, type SiteServerRef } from '../../api/site.ts';
import { cameras, server } from '../../app/stores.ts';
import { fitOf } from './forecast.ts';

/** Servers that may record cameras of their own, this one first. */
export const places = signal<readonly SiteServerRef[]>([]);
/** By server: days of all its cameras that will fit at today's rate. */
export const daysFit = signal<ReadonlyMap<string, number>>(new Map());

export async function loadPlaces(): Promise<void> {
  const box = server.peek();
  if (box === undefined) return;
  const own = { id: box.id, name: box.name };
  places.value = [own];
  if (box.mode !== 'host') return;
  const others = (await siteServers()).filter(
    ({ id, mode, state }) => id !== box.id && mode !== 'failover' && state === 'online',
  );
  places.value = [own, ...others.map(({ id, name }) => ({ id, name }))];
}

/** Asks each server that is there for its volumes; one that does not answer simply has no forecast. */
export async function loadForecasts(): Promise<void> {
  const there = (cameras.peek() ?? []).filter(({ serverConnected }) => serverConnected);
  const ids = [...new Set(there.map((camera) => camera.server.id))];
  const next = new Map<string, number>();
  await Promise.all(
    ids.map(async (id) => {
      const fit = await camerasAt
        .volumes(id)
        .then(fitOf)
        .catch(() => undefined);
      if (fit !== undefined) next.set(id, fit);
    }),
  );
  daysFit.value = next;
}
