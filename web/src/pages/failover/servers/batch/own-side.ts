/** This box, as others are judged by it. */
import { server } from '../../../../app/stores.ts';
import { isHost } from '../store.ts';
import type { OwnSide } from './row-state.ts';

export function ownSide(): OwnSide {
  const { mode = 'recording', version = '', site } = server.value ?? {};
  return { mode: isHost.value ? 'host' : mode, version, isOfSite: site !== undefined && site.kind !== 'undefined' };
}
