"""End sessions from the server: after a theft, or when nobody is to work on."""

from django.core.management.base import BaseCommand, CommandError

from accounts import sessions
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Kết thúc mọi phiên đăng nhập của những người nêu tên, hoặc của tất cả; mật khẩu không đổi. "
        "Ví dụ: end_sessions --all"
    )

    def add_arguments(self, parser):
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("usernames", metavar="USERNAME", nargs="*", default=[], help="tên đăng nhập")
        whose.add_argument("--all", action="store_true", help="của mọi người")

    def handle(self, *args, usernames, **options):
        if options["all"]:
            count = sessions.end_all_sessions()
            self.stdout.write(f"Đã kết thúc {count} phiên của mọi người.")
            return
        people = {user.username: user for user in User.objects.filter(username__in=usernames)}
        if unknown := [name for name in usernames if name not in people]:
            raise CommandError(f"Không có người dùng {', '.join(unknown)}.", returncode=2)
        for user in people.values():
            sessions.end_sessions_of(user, by=None)
        self.stdout.write(f"Đã kết thúc các phiên của {len(people)} người.")
