"""An application on aiocqhttp that answers every message with the same words.

Arguments: access token, secret, root of the HTTP API.
"""

import sys

from aiocqhttp import CQHttp, Event, Message, MessageSegment
from listener import serve

token, secret, api_root = sys.argv[1:4]
bot = CQHttp(api_root=api_root, access_token=token, secret=secret)


@bot.on_message
async def answer(event: Event):
    words = Message(event.message).extract_plain_text()
    await bot.send(event, MessageSegment.text("echo " + words))


serve(bot.asgi)
