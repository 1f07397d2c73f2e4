"""A phone on pjsua2: pjsua.py URI NUMBER CODEC [RECORD [srtp]] calls, pjsua.py wait NUMBER CODEC RECORD waits to be called.

Reads `play FILE`, `keys 12#`, `answer CODE`, `hold`, `resume`, `hangup`; prints `waiting URI`, `ringing`, `answered`,
`talking`, `held`, `key 1`, `ended CODE`. RECORD is a WAV of all that is heard, whoever it comes from. With `srtp` the call
is protected or fails."""

import os
import queue
import sys
import threading
import traceback

import pjsua2 as pj

POLL_MS = 20
STREAMS = {"tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS}
# Freed after the library is gone, these abort the process: they live until os._exit.
KEPT = []


def tell(*words):
    print(*words, flush=True)


class Call(pj.Call):
    over = False
    line = None
    player = None

    def __init__(self, phone, *known):
        super().__init__(phone, *known)
        self.phone = phone
        KEPT.append(self)

    def onCallState(self, _):
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            tell("answered")
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.over = True
            tell("ended", info.lastStatusCode, info.lastReason)

    def onCallMediaState(self, _):
        info = self.getInfo()  # kept: its media list dies with it
        for index, media in enumerate(info.media):
            if media.status == pj.PJSUA_CALL_MEDIA_LOCAL_HOLD:
                tell("held")
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.line = self.getAudioMedia(index)
                if self.phone.recorder:
                    self.line.startTransmit(self.phone.recorder)
                tell("talking")

    def onDtmfDigit(self, key):
        tell("key", key.digit)

    def onCallTransferRequest(self, asked):
        asked.newCall = self.phone.goes_on(Call(self.phone))
        asked.statusCode = pj.PJSIP_SC_ACCEPTED

    def onCallReplaced(self, told):
        told.newCall = self.phone.goes_on(Call(self.phone, told.newCallId))

    def play(self, file):
        if self.player:
            try:
                self.player.stopTransmit(self.line)
            except pj.Error:
                KEPT.append(self.player)  # it spoke before a hold: nothing hears it any more
        self.player = pj.AudioMediaPlayer()
        self.player.createPlayer(file, pj.PJMEDIA_FILE_NO_LOOP)
        self.player.startTransmit(self.line)

    def unhold(self):
        param = pj.CallOpParam(True)
        param.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.reinvite(param)


class Phone(pj.Account):
    call = None
    recorder = None

    def goes_on(self, call):
        """The call in hand from now on."""
        self.call = call
        return call

    def onIncomingCall(self, told):
        call = self.goes_on(Call(self, told.callId))
        ring = pj.CallOpParam()
        ring.statusCode = pj.PJSIP_SC_RINGING
        call.answer(ring)
        tell("ringing", call.getInfo().remoteUri)

    def record(self, file):
        self.recorder = pj.AudioMediaRecorder()
        self.recorder.createRecorder(file)


def start(codec):
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    config.medConfig.clockRate = 8000
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    for known in endpoint.codecEnum2():
        wanted = known.codecId.startswith(codec + "/")
        endpoint.codecSetPriority(known.codecId, 255 if wanted else 0)
    return endpoint


def account(endpoint, number, kind, protected):
    transport = pj.TransportConfig()
    transport.tlsConfig.verifyServer = False
    transport.boundAddress = transport.publicAddress = "127.0.0.1"
    config = pj.AccountConfig()
    config.idUri = f"sip:{number}@127.0.0.1"
    config.sipConfig.transportId = endpoint.transportCreate(kind, transport)
    config.mediaConfig.transportConfig = transport
    # It closes an idle connection after 33 s: whoever calls back then needs the port it listens on.
    config.natConfig.contactUseSrcPort = 0
    if protected:
        config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
        config.mediaConfig.srtpSecureSignaling = 0
    endpoint.libStart()
    made = Phone()
    made.create(config)
    at = endpoint.transportGetInfo(config.sipConfig.transportId).localName
    return made, f"sip:{number}@{at}"


def commands():
    lines = queue.Queue()

    def read():
        for line in sys.stdin:
            lines.put(line.rstrip("\n"))
        lines.put("leave")

    threading.Thread(target=read, daemon=True).start()
    return lines


def obey(call, verb, what):
    if verb == "play":
        call.play(what)
    elif verb == "keys":
        call.dialDtmf(what)
    elif verb == "hold":
        call.setHold(pj.CallOpParam(True))
    elif verb == "resume":
        call.unhold()
    elif verb == "hangup":
        call.hangup(pj.CallOpParam(True))
    elif verb == "answer":
        answer = pj.CallOpParam(True)
        answer.statusCode = int(what)
        call.answer(answer)


def main(uri, number, codec, record=None, protected=None):
    endpoint = start(codec)
    kind = next((kind for name, kind in STREAMS.items() if f"transport={name}" in uri), pj.PJSIP_TRANSPORT_UDP)
    phone, at = account(endpoint, number, kind, protected)
    KEPT.extend([endpoint, phone])
    if record:
        phone.record(record)
    if uri == "wait":
        tell("waiting", at)
    else:
        phone.goes_on(Call(phone)).makeCall(uri, pj.CallOpParam(True))
    lines = commands()
    while uri == "wait" or not phone.call.over:
        endpoint.libHandleEvents(POLL_MS)
        while not lines.empty():
            verb, _, what = lines.get().partition(" ")
            if verb == "leave":
                return complete(endpoint, phone)
            obey(phone.call, verb, what)
    complete(endpoint, phone)


def complete(endpoint, phone):
    """The recording is on the disk once the library is gone."""
    if phone.recorder:
        phone.recorder = None
        endpoint.libDestroy()


status = 1
try:
    main(*sys.argv[1:])
    status = 0
except Exception:
    traceback.print_exc()
finally:
    sys.stdout.flush()
    os._exit(status)
