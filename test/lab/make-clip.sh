#!/bin/sh
# Makes the simulated camera's clips in assets/simulator with Debian's ffmpeg (libx264, drawtext). The results are committed;
# run this only to change them. 25 frames a second, 250 frames, a key frame every 50, closed groups of pictures, no B-frames.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../assets/simulator}
mkdir -p "$out"
font=/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf

# encode SCENE LABEL WIDTH HEIGHT FONTSIZE CRF FILE
encode() {
  node "$here/draw-scene.mjs" "$1" "$3" "$4" |
    ffmpeg -nostdin -hide_banner -loglevel error -y -f rawvideo -pix_fmt rgb24 -s "$3x$4" -r 25 -i - \
      -vf "drawtext=fontfile=$font:text='$2':x=w/64:y=h/36:fontsize=$5:fontcolor=white:box=1:boxcolor=black@0.45:boxborderw=$(($5 / 4))" \
      -pix_fmt yuv420p -c:v libx264 -preset veryslow -tune animation -profile:v high -crf "$6" -threads 1 \
      -x264-params "keyint=50:min-keyint=50:scenecut=0:bframes=0:open-gop=0:aud=1:repeat-headers=1:slices=1" \
      -bsf:v 'filter_units=remove_types=6' -f h264 "$7"
}

for scene in street entrance garden warehouse; do
  case $scene in street) label='Street' ;; entrance) label='Front door' ;; garden) label='Garden' ;; warehouse) label='Warehouse' ;; esac
  encode $scene "$label" 640 360 18 21 "$out/$scene-main.264"
  encode $scene "$label" 320 180 11 24 "$out/$scene-sub.264"
done
encode street 'Street' 480 270 14 23 "$out/street-other.264"

# Soft chimes over a little hiss: 10 s of AAC-LC, 16 kHz, mono.
ffmpeg -nostdin -hide_banner -loglevel error -y \
  -f lavfi -i "aevalsrc='0.2*sin(2*PI*440*t)*exp(-4*mod(t,2))+0.15*sin(2*PI*660*t)*exp(-4*mod(t+1,2))+0.01*(random(0)-0.5)':s=16000:d=10" \
  -ac 1 -c:a aac -b:a 24k -flags bitexact -fflags bitexact -f adts "$out/chimes.aac"
ls -l "$out"
