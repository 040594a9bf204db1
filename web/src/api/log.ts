/** The log of this box or of a server of its site. `filter`: `&name=value`, any number. */
import type { LogEntry, Page } from './api.ts';
import { API, get } from './client.ts';
import { serverPath } from './server-path.ts';

export const logApi = {
  page: (at: string, filter: string): Promise<Page<LogEntry>> => get(serverPath(at, `/log?${filter.slice(1)}`)),
  file: (at: string, filter: string, format: 'csv' | 'json'): string =>
    `${API}${serverPath(at, `/log/export?format=${format}${filter}`)}`,
} as const;
