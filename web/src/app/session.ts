/** Who is signed in, and what the first page must know. */
import { effect, signal } from '@preact/signals';
import { api, type Session, type SetupState } from '../api/api.ts';
import { ApiError, refusedSessions } from '../api/client.ts';
import { onEvent, startEvents, stopEvents } from '../api/event-stream.ts';
import { forget, startStores } from './stores.ts';

export type Access =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'setup'; readonly setup: SetupState }
  | { readonly kind: 'signed-out'; readonly setup: SetupState; readonly reason: string | undefined }
  | { readonly kind: 'signed-in'; readonly session: Session };

export const access = signal<Access>({ kind: 'unknown' });
/** True while the first-run steps after the owner's account are walked. */
export const firstRun = signal(false);

export async function loadAccess(reason?: string): Promise<void> {
  try {
    const setup = await api.setupState();
    if (setup.needed) {
      access.value = { kind: 'setup', setup };
      return;
    }
    try {
      signedIn(await api.session());
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.code === 'unreachable') throw error;
      stopEvents();
      forget();
      const { code, detail } = error.problem;
      access.value = { kind: 'signed-out', setup, reason: code.startsWith('session/') ? detail : reason };
    }
  } catch {
    access.value = { kind: 'unreachable' };
    setTimeout(() => void loadAccess(reason), 2000);
  }
}

export function signedIn(session: Session): void {
  access.value = { kind: 'signed-in', session };
  startEvents();
  startStores();
}

export async function signOut(): Promise<void> {
  stopEvents();
  await api.signOut().catch(() => undefined);
  forget();
  await loadAccess();
}

export const isOwner = (): boolean => access.value.kind === 'signed-in' && access.value.session.user.role === 'owner';

export const can = (what: 'change' | 'export'): boolean => {
  const now = access.value;
  if (now.kind !== 'signed-in') return false;
  const { role } = now.session.user;
  return role === 'owner' || role === 'admin' || (what === 'export' && role === 'operator');
};

export function startSession(): void {
  let seen = refusedSessions.peek();
  effect(() => {
    const count = refusedSessions.value;
    if (count === seen) return;
    seen = count;
    if (access.peek().kind === 'signed-in') void loadAccess();
  });
  onEvent((event) => {
    if (event.kind === 'signed-out') void loadAccess(event.reason);
  });
  void loadAccess();
}
