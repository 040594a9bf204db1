/** What would be lost or left behind if a server went now: asked of the failover servers concerned. */
import { useEffect, useState } from 'preact/hooks';
import { serversApi, type RestorationView, type Takeover } from '../../../api/servers.ts';
import type { ServerRow } from './rows.ts';

export type Risk = {
  readonly serverName: string;
  /** Cameras that are recorded for it now, and how much: the sum over cameras. */
  readonly cameras: number;
  readonly hours: number;
  readonly since: string | undefined;
  /** On its way home. */
  readonly bytesLeft: number;
};
const HOUR_MS = 3_600_000;
/** It grows while somebody hesitates. */
const ASK_EVERY_MS = 3000;

/** One entry a protected server. Pure; `now` in wall milliseconds of the box. */
export function risksOf(
  takeovers: readonly Takeover[],
  restorations: readonly RestorationView[],
  now: number,
): readonly Risk[] {
  const open = takeovers.filter(({ state }) => state !== 'ended');
  const moving = restorations.filter(({ state }) => state === 'running' || state === 'waiting');
  const names = new Map([...moving, ...open].map(({ serverId, serverName }) => [serverId, serverName]));
  return [...names].map(([serverId, serverName]) => {
    const mine = open.filter((takeover) => takeover.serverId === serverId);
    const recorded = mine.flatMap(({ cameras }) => cameras.filter(({ firstFrameAt }) => firstFrameAt !== undefined));
    const ms = recorded.reduce(
      (sum, { firstFrameAt, lastFrameAt }) => sum + lengthOf(firstFrameAt, lastFrameAt, now),
      0,
    );
    const back = moving.filter((restoration) => restoration.serverId === serverId);
    return {
      serverName,
      cameras: mine.flatMap(({ cameras }) => cameras.filter(({ covered }) => covered)).length,
      hours: ms / HOUR_MS,
      since: mine[0]?.suspectedAt,
      bytesLeft: back.reduce((sum, { bytes }) => sum + Math.max(0, bytes.total - bytes.done), 0),
    };
  });
}

function lengthOf(from: string | undefined, until: string | undefined, now: number): number {
  if (from === undefined) return 0;
  return Math.max(0, (until === undefined ? now : Date.parse(until)) - Date.parse(from));
}

/** `undefined` while it is asked for. What cannot be asked is left to the box, which refuses. */
export function useRisks(rows: readonly ServerRow[], now: () => number): readonly Risk[] | undefined {
  const [risks, setRisks] = useState<readonly Risk[]>();
  useEffect(() => {
    const look = { isOver: false };
    const ask = async (): Promise<void> => {
      const found = await Promise.all(rows.map((row) => risksOfRow(row, now())));
      if (!look.isOver) setRisks(found.flat());
    };
    void ask();
    const timer = setInterval(() => void ask(), ASK_EVERY_MS);
    return () => {
      look.isOver = true;
      clearInterval(timer);
    };
  }, []);
  return risks;
}

async function risksOfRow(row: ServerRow, now: number): Promise<readonly Risk[]> {
  if (row.mode === 'failover') return await risksAt(row.id, () => true, now);
  const found = await Promise.all(
    row.coveredBy.map(({ serverId }) => risksAt(serverId, (one) => one.serverId === row.id, now)),
  );
  return found.flat();
}

async function risksAt(
  serverId: string,
  isAsked: (one: { readonly serverId: string }) => boolean,
  now: number,
): Promise<readonly Risk[]> {
  const [takeovers, restorations] = await Promise.all([
    serversApi.takeovers(serverId).catch(() => []),
    serversApi.restorations(serverId).catch(() => []),
  ]);
  return risksOf(takeovers.filter(isAsked), restorations.filter(isAsked), now);
}
