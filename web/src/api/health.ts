/** What the health page asks of each server of the site. */
import type { z } from 'zod';
import type { knownServer } from '../../../src/api/contract/failover.ts';
import { all, type Camera, type Server, type Volume } from './api.ts';
import { get } from './client.ts';
import { serverPath } from './server-path.ts';

export type KnownServer = z.infer<typeof knownServer>;

export const healthApi = {
  /** As this box sees them: clock, round trip. */
  known: (): Promise<readonly KnownServer[]> => all('/servers'),
  server: (id: string): Promise<Server> => get(serverPath(id, '/server')),
  volumes: (id: string): Promise<readonly Volume[]> => all(serverPath(id, '/volumes')),
  cameras: (id: string): Promise<readonly Camera[]> => all(serverPath(id, '/cameras')),
} as const;
