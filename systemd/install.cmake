# The service and its user. systemd reads lib/ below /usr and /usr/local alike, and finds the binary by its name in both.
install(FILES ${PROJECT_SOURCE_DIR}/systemd/closesyncd.service DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/closesyncd.sysusers.conf DESTINATION lib/sysusers.d RENAME closesyncd.conf)
