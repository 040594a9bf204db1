/** German of the log over the site. */
import type { en } from './en.ts';

export const de: Record<keyof typeof en, string> = {
  server: 'Server',
  'server.all': 'Alle Server',
  'server.here': '{name} (dieses Gerät)',
  'part.missing': 'Was {name} notiert hat, fehlt hier: {words}',
  'part.stale': '{name} ist zurzeit nicht zu fragen; zu sehen ist, was vorher notiert wurde: {words}',
  'part.slow': 'keine Antwort binnen {seconds} s.',
  'part.some':
    'Zu sehen sind {n} von {all} Servern: dieses Gerät, Failover-Server, dann die übrigen nach Namen. Wählen Sie einen Server, um sein Protokoll zu sehen.',
  'files.choose': 'Wählen Sie einen Server, um sein Protokoll zu speichern',
  'host.elsewhere': 'Das Protokoll der anderen Server steht bei ihrem Host.',
  'host.go': 'Zu {name}',
};
