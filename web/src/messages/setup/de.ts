/** German of the first run: what the box shall be, where to go next. */
import type { en } from './en.ts';

export const de: Record<keyof typeof en, string> = {
  'step.role': 'Rolle',
  'step.next': 'Weiter',
  'title.role': 'Was soll dieses Gerät sein?',
  'title.failover': 'Bereit zur Vertretung',
  'title.host': 'Bereit, eine Anlage zu verwalten',
  'role.legend': 'Rolle dieses Geräts',
  'role.recording': 'Aufzeichnungsserver',
  'role.recordingText': 'Zeichnet seine Kameras auf. Die übliche Wahl, auch für ein Gerät allein.',
  'role.failover': 'Failover-Server',
  'role.failoverText':
    'Steht bereit, zeichnet binnen Sekunden für andere Server auf, wenn sie ausfallen, und gibt die Aufnahmen zurück.',
  'role.host': 'Host einer Anlage',
  'role.hostText': 'Verwaltet mehrere Server von einer Seite aus. Er kann auch selbst Kameras aufzeichnen.',
  'role.later': 'Das lässt sich später in den Einstellungen ändern.',
  'role.goOn': 'Weiter',
  'storage.failover': 'Was er für andere aufzeichnet, liegt hier, bis es zurückgegeben ist.',
  'forecast.days':
    'Beim jetzigen Umfang fassen die Volumes etwa {n} Tage dieser Kameras; dann weicht das Älteste zuerst.',
  'forecast.later':
    'Wie viele Tage die Volumes fassen, ist bekannt, wenn die Kameras eine Weile aufgezeichnet haben: siehe Zustand.',
  'next.failoverText':
    'Fügen Sie jetzt einen Server hinzu, der geschützt werden soll. Seine Einstellungen werden hierher kopiert, seine Kameras bereitgehalten, und eine Übung zeigt, wie schnell er vertreten würde.',
  'next.failover': 'Server zum Schützen hinzufügen',
  'next.hostText':
    'Fügen Sie jetzt die anderen Server hinzu. Suchen Sie im Netz, oder lassen Sie einen Server hinter einem anderen Router sich mit einem Kopplungscode einwählen.',
  'next.host': 'Server hinzufügen',
  'next.live': 'Zur Live-Ansicht',
};
