"""One call on pjsua2: pjsua.py URI NUMBER CODEC. Reads `play FILE`, `keys 12#`, `hangup`; prints `answered`, `ended CODE`."""

import os
import queue
import sys
import threading
import traceback

import pjsua2 as pj

POLL_MS = 20
# Freed after the library is gone, these abort the process: they live until os._exit.
KEPT = []


def tell(*words):
    print(*words, flush=True)


class Call(pj.Call):
    over = False
    line = None
    player = None

    def onCallState(self, _):
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            tell("answered")
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            tell("ended", info.lastStatusCode, info.lastReason)
            self.over = True

    def onCallMediaState(self, _):
        info = self.getInfo()  # kept: its media list dies with it
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.line = self.getAudioMedia(index)

    def play(self, file):
        if self.player:
            self.player.stopTransmit(self.line)
        self.player = pj.AudioMediaPlayer()
        self.player.createPlayer(file, pj.PJMEDIA_FILE_NO_LOOP)
        self.player.startTransmit(self.line)


def start(codec):
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    for known in endpoint.codecEnum2():
        wanted = known.codecId.startswith(codec + "/")
        endpoint.codecSetPriority(known.codecId, 255 if wanted else 0)
    return endpoint


def account(endpoint, number, kind):
    transport = pj.TransportConfig()
    transport.boundAddress = transport.publicAddress = "127.0.0.1"
    config = pj.AccountConfig()
    config.idUri = f"sip:{number}@127.0.0.1"
    config.sipConfig.transportId = endpoint.transportCreate(kind, transport)
    config.mediaConfig.transportConfig = transport
    # It closes an idle connection after 33 s: whoever calls back then needs the port it listens on.
    config.natConfig.contactUseSrcPort = 0
    endpoint.libStart()
    made = pj.Account()
    made.create(config)
    return made


def commands():
    lines = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line.rstrip("\n")) for line in sys.stdin], daemon=True).start()
    return lines


def main(uri, number, codec):
    endpoint = start(codec)
    tcp = "transport=tcp" in uri
    caller = account(endpoint, number, pj.PJSIP_TRANSPORT_TCP if tcp else pj.PJSIP_TRANSPORT_UDP)
    call = Call(caller)
    KEPT.extend([endpoint, caller, call])
    call.makeCall(uri, pj.CallOpParam(True))
    lines = commands()
    while not call.over:
        endpoint.libHandleEvents(POLL_MS)
        while not lines.empty():
            verb, _, what = lines.get().partition(" ")
            if verb == "play":
                call.play(what)
            elif verb == "keys":
                call.dialDtmf(what)
            elif verb == "hangup":
                call.hangup(pj.CallOpParam(True))


status = 1
try:
    main(*sys.argv[1:])
    status = 0
except Exception:
    traceback.print_exc()
finally:
    sys.stdout.flush()
    os._exit(status)
