"""An application on NoneBot2 that answers every message with the same words.

NoneBot reads its settings from the environment (DRIVER, ONEBOT_ACCESS_TOKEN, ONEBOT_SECRET, ONEBOT_API_ROOTS,
ONEBOT_WS_URLS).
"""

import nonebot
from listener import serve
from nonebot.adapters.onebot.v11 import Adapter, Bot, MessageEvent

nonebot.init()
nonebot.get_driver().register_adapter(Adapter)
echo = nonebot.on_message()


@echo.handle()
async def answer(bot: Bot, event: MessageEvent):
    await bot.send(event, "echo " + event.get_plaintext())


serve(nonebot.get_asgi())
