/**
 * What a host does with its members, each as a change that every server concerned says its own view of.
 *
 * Belongs here: asking, and what is to be seen. Does not: who is killed when (interop/site-operations-killed.test.ts).
 */
import type { Licences } from '../../src/api/contract/licences.ts';
import { licenceOf } from './licences.ts';
import { hostAt, recordAt, serverOf } from './operated-site.ts';
import type { Operated, OperatedSite } from './operated-site.ts';

export type Change = {
  readonly ask: () => Promise<unknown>;
  /** Of each thing that changes: what each server says of it. */
  readonly views: () => Promise<readonly (readonly string[])[]>;
  /** By thing: before and afterwards. */
  readonly before: readonly string[];
  readonly after: readonly string[];
};
export type Operation = {
  readonly name: string;
  /** Beside the host. */
  readonly member: 'R' | 'F';
  /** The change that turns about with `round`. */
  readonly change: (site: OperatedSite, round: number) => Change;
};

const isOdd = (round: number): boolean => round % 2 === 1;
const pair = (round: number, [even, odd]: readonly [string, string]): { before: string; after: string } =>
  isOdd(round) ? { before: even, after: odd } : { before: odd, after: even };

const renaming: Operation = {
  name: 'renaming',
  member: 'R',
  change: ({ H, R, F, G }, round) => {
    const name = (of: number): string => (of < 0 ? 'Shop' : `Shop ${of}`);
    return {
      ask: async () => await H.call('POST', `/servers/${R.id}/rename`, { name: name(round) }),
      views: async () => [
        [
          (await serverOf(R)).name,
          ...(await Promise.all([H, F, G].map(async (one) => (await recordAt(one, R))?.name ?? 'nobody'))),
        ],
      ],
      before: [name(round - 1)],
      after: [name(round)],
    };
  },
};

const bulk = async (host: Operated, members: readonly Operated[], action: string): Promise<void> => {
  const asked = { ids: members.map(({ id }) => id), action };
  const { rows } = (await host.call('POST', '/servers/bulk', asked)) as { rows: { ok: boolean; message?: string }[] };
  const refused = rows.filter(({ ok }) => !ok);
  if (refused.length > 0) throw new Error(refused.map(({ message }) => message).join(' '));
};

const locking: Operation = {
  name: 'locking and unlocking',
  member: 'R',
  change: ({ H, R, F, G }, round) => {
    const members = [R, F, G];
    const { before, after } = pair(round, ['locked', 'open']);
    const said = (isLocked: boolean | undefined): string => (isLocked === true ? 'locked' : 'open');
    return {
      ask: async () => await bulk(H, members, after === 'locked' ? 'lock' : 'unlock'),
      views: async () =>
        await Promise.all(
          members.map(async (one) => [said((await recordAt(H, one))?.locked), said((await serverOf(one)).site.locked)]),
        ),
      before: members.map(() => before),
      after: members.map(() => after),
    };
  },
};

const disabling: Operation = {
  name: 'disabling and enabling',
  member: 'F',
  change: ({ H, R, F, G }, round) => {
    const members = [R, F, G];
    const { before, after } = pair(round, ['off', 'on']);
    const said = (isOn: boolean | undefined): string => (isOn === true ? 'on' : 'off');
    return {
      ask: async () => await bulk(H, members, after === 'on' ? 'enable' : 'disable'),
      views: async () =>
        await Promise.all(
          members.map(async (one) => [
            said((await recordAt(H, one))?.enabled),
            said((await recordAt(H, one))?.connected),
            said((await recordAt(one, H))?.connected),
          ]),
        ),
      before: members.map(() => before),
      after: members.map(() => after),
    };
  },
};

const cameras: Operation = {
  name: 'changing several cameras through the host',
  member: 'R',
  change: ({ H, R, cameraIds }, round) => {
    const { before, after } = pair(round, ['hot', 'warm']);
    const through = `/servers/${R.id}/api/cameras`;
    type Page = { readonly items: readonly { readonly standbyLevel: string }[] };
    const levels = (page: unknown): readonly string[] => (page as Page).items.map(({ standbyLevel }) => standbyLevel);
    return {
      ask: async () => await H.call('PATCH', through, { ids: cameraIds, change: { standbyLevel: after } }),
      views: async () => [[...levels(await R.call('GET', '/cameras')), ...levels(await H.call('GET', through))]],
      before: [before],
      after: [after],
    };
  },
};

const SEATS = 5;
/** For the site, for one failover server, for the other one, and none. */
const licences: Operation = {
  name: 'a licence that comes, moves and goes',
  member: 'F',
  change: ({ H, F, G, issuer }, round) => {
    const [first = F, second = G] = [F, G].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const unlimited = 'no limit, no limit';
    const seats = ['3, 2', `${SEATS}, 0`, `0, ${SEATS}`, unlimited] as const;
    const [turn, before] = [round % 4, seats[(round + 3) % 4] ?? unlimited];
    const licence = licenceOf(issuer, {
      id: 'moving',
      issuedAt: new Date(Date.UTC(2026, 0, 1) + round * 1000).toISOString(),
      seats: { coveredCameras: SEATS },
    });
    const serverId = [undefined, first.id, second.id][turn];
    const seen = async (one: Operated): Promise<string> => {
      const { covering } = (await one.call('GET', '/licences')) as Licences;
      const of = ({ id }: Operated): string | number | undefined =>
        covering.filter((use) => use.serverId === id).map((use) => use.seats ?? 'no limit')[0];
      return `${of(first)}, ${of(second)}`;
    };
    return {
      ask: async () =>
        turn === 3
          ? await H.call('DELETE', '/licences/moving')
          : await H.call('POST', '/licences', { licence, ...(serverId === undefined ? {} : { serverId }) }),
      views: async () => [await Promise.all([H, F, G].map(seen))],
      before: [before],
      after: [seats[turn] ?? unlimited],
    };
  },
};

export const OPERATIONS: readonly Operation[] = [renaming, locking, disabling, cameras, licences];

/** The role of the host goes from one server to another one that has the newest copy. */
export async function readyToTake(taker: Operated, present: Operated): Promise<boolean> {
  const [{ here }, { successors }] = [await hostAt(taker), await hostAt(present)];
  return here.canTake && successors.some(({ id, hasCopy }) => id === taker.id && hasCopy === true);
}
