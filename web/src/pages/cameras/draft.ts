/** What is typed about a camera, and what of it is sent. Pure. */
import type { Camera, CreateCamera, TestCamera, UpdateCamera } from '../../api/api.ts';

export const PRIORITIES = ['high', 'medium', 'low', 'never'] as const;
export const LEVELS = ['cold', 'warm', 'hot'] as const;

export type Draft = {
  readonly name: string;
  readonly url: string;
  readonly subUrl: string;
  readonly transport: 'auto' | 'tcp' | 'udp';
  readonly username: string;
  readonly password: string;
  readonly enabled: boolean;
  readonly record: boolean;
  readonly audio: boolean;
  readonly priority: Camera['priority'];
  readonly level: Camera['standbyLevel'];
  readonly days: string;
  readonly fingerprint: string | undefined;
};

const NEW: Draft = {
  name: '',
  url: '',
  subUrl: '',
  transport: 'auto',
  username: '',
  password: '',
  enabled: true,
  record: true,
  audio: true,
  priority: 'medium',
  level: 'warm',
  days: '',
  fingerprint: undefined,
};

export function draftOf(camera: Camera | undefined): Draft {
  if (camera === undefined) return NEW;
  const { name, main, sub, username, enabled, record, audio, priority, standbyLevel, retention, fingerprint } = camera;
  return {
    ...NEW,
    name,
    enabled,
    record,
    audio,
    priority,
    fingerprint,
    url: main.url,
    subUrl: sub?.url ?? '',
    transport: main.transport,
    username: username ?? '',
    level: standbyLevel,
    days: String(retention.maxDays ?? ''),
  };
}

/** The password is sent only when one was typed; the box keeps the old one otherwise. */
export function createOf(draft: Draft): CreateCamera {
  const maxDays = Number(draft.days);
  return {
    name: draft.name.trim(),
    main: { url: draft.url.trim(), transport: draft.transport },
    ...(draft.subUrl === '' ? {} : { sub: { url: draft.subUrl.trim(), transport: draft.transport } }),
    ...(draft.username === '' ? {} : { username: draft.username }),
    ...(draft.password === '' ? {} : { password: draft.password }),
    enabled: draft.enabled,
    record: draft.record,
    audio: draft.audio,
    priority: draft.priority,
    standbyLevel: draft.level,
    retention: maxDays > 0 ? { maxDays } : {},
    ...(draft.fingerprint === undefined ? {} : { fingerprint: draft.fingerprint }),
  };
}

export const updateOf = (draft: Draft, before: Camera): UpdateCamera => ({
  ...createOf(draft),
  ...(isWithoutUser(draft, before) ? { username: null, password: null } : {}),
  sub: draft.subUrl === '' ? null : { url: draft.subUrl, transport: draft.transport },
  // A limit of its size, which no field here shows, stays.
  retention: { maxDays: Number(draft.days) > 0 ? Number(draft.days) : null },
});

/** The user name was taken back, and no other one stands in an address: the box forgets both. */
const isWithoutUser = ({ username, url, subUrl }: Draft, before: Camera): boolean =>
  before.username !== undefined && username === '' && ![url, subUrl].some((address) => /\/\/[^/]*@/.test(address));

export const testOf = (draft: Draft, camera: Camera | undefined): TestCamera => ({
  url: draft.url.trim(),
  transport: draft.transport,
  ...(draft.username === '' ? {} : { username: draft.username }),
  ...(draft.password === '' ? {} : { password: draft.password }),
  ...(camera === undefined ? {} : { cameraId: camera.id }),
  ...(draft.fingerprint === undefined ? {} : { fingerprint: draft.fingerprint }),
});

/** What was typed over the list's `seen` stays; all else is as it is `there` now. */
export const refreshed = (mine: Draft, seen: Draft, there: Draft): Draft => ({
  ...there,
  ...Object.fromEntries(Object.entries(mine).filter(([key, value]) => value !== seen[key as keyof Draft])),
});

/** Settings in which two drafts differ; passwords are not compared, for one of them is never told. */
export function differencesOf(mine: Draft, theirs: Draft): readonly (keyof Draft)[] {
  const keys = Object.keys(NEW) as readonly (keyof Draft)[];
  return keys.filter((key) => key !== 'password' && mine[key] !== theirs[key]);
}
