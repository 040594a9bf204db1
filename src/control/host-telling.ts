/**
 * The host tells each member that it is the host, and who may succeed it (`site.role`); what the member thinks of that is kept.
 * Belongs here: that. Does not: what a server does when it is told (host-role.ts).
 */
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Settings } from '../settings/settings.ts';
import { isHost } from '../site/host-role.ts';
import type { ToldRole, Verdict } from '../site/host-role.ts';
import type { PeerRecord } from '../site/peer.ts';

export type TellingDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers'>;
  readonly connected: () => readonly string[];
  readonly request: (peerId: string, method: string, params: unknown) => Promise<unknown>;
  /** A member knows now that this server is its host: the rest may be said. */
  readonly onTold: (peerId: string) => void;
  readonly log: Log;
};
export type RoleAnswer = {
  readonly verdict: Verdict;
  readonly hostId?: string | undefined;
  readonly term?: number | undefined;
};
export type Telling = {
  readonly review: () => void;
  readonly forget: (peerId: string) => void;
  readonly forgetAll: () => void;
  readonly isTold: (peerId: string) => boolean;
};
export function createTelling(deps: TellingDeps, disputes: Map<string, RoleAnswer>): Telling {
  const { settings, log } = deps;
  /** What each member was told last, as JSON, and whether it said yes. */
  const told = new Map<string, { readonly text: string; done: boolean }>();
  const tell = (peerId: string, role: ToldRole, text: string): void => {
    if (told.get(peerId)?.text === text) return;
    const entry = { text, done: told.get(peerId)?.done ?? false };
    told.set(peerId, entry);
    const answered = (answer: RoleAnswer): void => {
      if (told.get(peerId) !== entry) return;
      entry.done = answer.verdict === 'follow' || answer.verdict === 'same';
      if (entry.done) disputes.delete(peerId);
      else {
        disputes.set(peerId, answer);
        log.warn('a server of the site does not follow this host', { peerId, ...answer });
      }
      if (entry.done) deps.onTold(peerId);
    };
    deps.request(peerId, 'site.role', role).then(
      (answer) => answered(answerIn(answer)),
      (error: unknown) => {
        // An older release knows no roles, and takes what its host says.
        if (error instanceof UnderstudyError && error.code === 'peer/unknown-method')
          return answered({ verdict: 'same' });
        if (told.get(peerId) === entry) told.delete(peerId);
        log.warn('a server of the site was not told who is its host', { peerId, reason: messageOf(error) });
      },
    );
  };
  return {
    review: () => {
      const server = settings.server.get();
      const { hostRole } = server;
      if (!isHost(server) || hostRole?.hostId !== server.id) return;
      const members = settings.peers.get().peers.filter(isMember);
      const { siteId, hostId, term, since, successors } = hostRole;
      const role: ToldRole = { siteId, hostId, term, since, successors };
      const text = JSON.stringify(role);
      const connected = new Set(deps.connected());
      for (const { id } of members) if (connected.has(id)) tell(id, role, text);
    },
    forget: (peerId) => {
      told.delete(peerId);
      disputes.delete(peerId);
    },
    forgetAll: () => {
      told.clear();
      disputes.clear();
    },
    isTold: (peerId) => told.get(peerId)?.done === true,
  };
}

/** Managed by this host, and to stay so. */
export const isMember = ({ managesUs, introduced, forgottenAt, detachPending }: PeerRecord): boolean =>
  !managesUs && !introduced && forgottenAt === undefined && detachPending === undefined;

const VERDICTS: readonly string[] = ['follow', 'same', 'stale', 'refused'] satisfies readonly Verdict[];
function answerIn(answer: unknown): RoleAnswer {
  const { verdict, hostId, term } = (answer ?? {}) as Record<string, unknown>;
  return {
    verdict: typeof verdict === 'string' && VERDICTS.includes(verdict) ? (verdict as Verdict) : 'refused',
    ...(typeof hostId === 'string' ? { hostId } : {}),
    ...(typeof term === 'number' ? { term } : {}),
  };
}
