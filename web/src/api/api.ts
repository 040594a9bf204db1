/** The resources of the API that the UI uses, one function each, typed by the contract (types only: zod stays out of the bundle). */
import type { z } from 'zod';
import type * as Access from '../../../src/api/contract/access.ts';
import type * as Cameras from '../../../src/api/contract/cameras.ts';
import type * as Events from '../../../src/api/contract/events.ts';
import type * as Footage from '../../../src/api/contract/footage.ts';
import type * as Server from '../../../src/api/contract/server.ts';
import { get, patch, post, remove } from './client.ts';

export type Page<T> = { readonly items: readonly T[]; readonly next?: string };
export type SetupState = z.infer<typeof Access.setupState>;
export type SetupRequest = z.input<typeof Access.setupRequest>;
export type CreateCamera = z.input<typeof Cameras.createCameraRequest>;
export type UpdateCamera = z.input<typeof Cameras.updateCameraRequest>;
export type TestCamera = z.input<typeof Cameras.testCameraRequest>;
export type DiscoverRequest = z.input<typeof Cameras.discoverRequest>;
export type CreateExport = z.input<typeof Footage.createExportRequest>;
export type Token = z.infer<typeof Access.token>;
export type CreatedToken = z.infer<typeof Access.createdToken>;
export type CreateUser = z.input<typeof Access.createUserRequest>;
export type VolumeSuggestion = z.infer<typeof Server.volumeSuggestion>;
export type { Role, Session, User } from '../../../src/api/contract/access.ts';
export type { Camera, DiscoveredCamera, StreamStatus, TestCameraResult } from '../../../src/api/contract/cameras.ts';
export type { LiveEvent, LogEntry } from '../../../src/api/contract/events.ts';
export type { ExportJob, PlaylistEpoch, TimelineDay } from '../../../src/api/contract/footage.ts';
export type { HealthItem, Server, Volume } from '../../../src/api/contract/server.ts';
export type StreamName = 'main' | 'sub';

const id = encodeURIComponent;
const MAX_PAGES = 50;

/** Walks the pages of a list to its end. */
export async function all<T>(path: string): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const joiner = path.includes('?') ? '&' : '?';
    const answer: Page<T> = await get<Page<T>>(
      `${path}${joiner}limit=1000${cursor === undefined ? '' : `&cursor=${id(cursor)}`}`,
    );
    items.push(...answer.items);
    cursor = answer.next;
    if (cursor === undefined) break;
  }
  return items;
}

export const api = {
  setupState: (): Promise<SetupState> => get('/setup'),
  setUp: (body: SetupRequest): Promise<Access.Session> => post('/setup', body),
  session: (): Promise<Access.Session> => get('/sessions/current'),
  signIn: (username: string, password: string): Promise<Access.Session> => post('/sessions', { username, password }),
  signOut: (): Promise<void> => remove('/sessions/current'),

  server: (): Promise<Server.Server> => get('/server'),
  rename: (name: string): Promise<Server.Server> => patch('/server', { name }),

  cameras: (): Promise<readonly Cameras.Camera[]> => all('/cameras'),

  volumes: (): Promise<readonly Server.Volume[]> => all('/volumes'),
  volumeSuggestions: (): Promise<Page<VolumeSuggestion>> => get('/volumes/suggestions'),
  createVolume: (path: string): Promise<Server.Volume> => post('/volumes', { path }),
  deleteVolume: (volumeId: string): Promise<void> => remove(`/volumes/${id(volumeId)}`),

  log: (filter: string): Promise<Page<Events.LogEntry>> => get(`/log?${filter}`),

  users: (): Promise<readonly Access.User[]> => all('/users'),
  createUser: (body: CreateUser): Promise<Access.User> => post('/users', body),
  updateUser: (
    userId: string,
    change: { readonly role?: Access.Role; readonly password?: string },
  ): Promise<Access.User> => patch(`/users/${id(userId)}`, change),
  deleteUser: (userId: string): Promise<void> => remove(`/users/${id(userId)}`),
  tokens: (): Promise<readonly Token[]> => all('/tokens'),
  createToken: (name: string, role: Access.Role): Promise<CreatedToken> => post('/tokens', { name, role }),
  deleteToken: (tokenId: string): Promise<void> => remove(`/tokens/${id(tokenId)}`),
} as const;
